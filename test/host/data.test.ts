import { spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper/adapter';
import { ensureArchive } from '../../src/lab/bootstrap';
import type { ZkSession } from '../../src/model/ports';
import { packageSchema, type ResolvedServer } from '../../src/model/inventory';
import {
  context,
  executable,
  processIsAlive,
  rejection,
  startTestHost,
  token,
  until,
  type TestHost,
} from './sshd';

const ADDRESS = '127.71.6.1';
const VERSION = '3.9.6';
const zookeeper = createZooKeeperAdapter();
const address = { host: ADDRESS, clientPort: 2181 };

let host: TestHost;
let server: ResolvedServer;
let session: ZkSession;
let sequence = 0;
const next = () => token((sequence += 1));
const homeOf = (name: string): string => join(host.directory, name);

/** A real standalone server that snapshots every few writes, so that a copy meets snapshots and logs being written. */
beforeAll(async () => {
  host = await startTestHost(ADDRESS);
  const { path } = await ensureArchive(VERSION);
  const home = homeOf('zk1');
  const opt = join(home, 'opt');
  const script = executable(
    join(host.directory, 'service'),
    `#!/bin/sh
cd ${home}
running() { [ -f run.pid ] && kill -0 "$(cat run.pid)" 2>/dev/null; }
case "$1" in
  start)
    running || { java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.snapCount=500 -Dzookeeper.preAllocSize=64 -Dmy.password=hunter2 \\
      -cp 'opt/current/lib/*' org.apache.zookeeper.server.quorum.QuorumPeerMain ${home}/config/zoo.cfg >server.log 2>&1 </dev/null &
    echo $! >run.pid; } ;;
  stop) if running; then kill "$(cat run.pid)"; fi ;;
  status) if running; then echo "pid $(cat run.pid)"; else exit 3; fi ;;
esac
`,
  );
  server = host.server('zk1', {
    service: { kind: 'script', path: script },
    package: packageSchema.parse({
      kind: 'tarball',
      root: opt,
      current: join(opt, 'current'),
      source: { directory: dirname(path) },
    }),
  });
  writeFileSync(
    join(home, 'config', 'zoo.cfg'),
    [
      'tickTime=2000',
      `dataDir=${home}/data`,
      `dataLogDir=${home}/log`,
      `clientPort=2181`,
      `clientPortAddress=${ADDRESS}`,
      'admin.enableServer=false',
      '4lw.commands.whitelist=*',
      'ssl.keyStore.password=hunter2',
      '',
    ].join('\n'),
  );
  mkdirSync(join(home, 'log'));
  writeFileSync(join(home, 'data', 'myid'), '7\n');
  await host.adapter.stagePackage(server, VERSION, next(), context());
  await host.adapter.installPackage(server, VERSION, next(), context());
  await host.adapter.startServer(server, next(), context());
  await until(
    'ZooKeeper serves',
    async () => (await zookeeper.probe(address)).state === 'serving',
    60_000,
  );
  session = await zookeeper.openSession({ servers: [address] });
});

afterAll(async () => {
  await session?.close();
  await host.adapter.stopServer(server, next(), context(), 20_000);
  await host.close();
});

/** Writes until told to stop; counts what was acknowledged. */
function keepWriting(parent: string): { acknowledged(): number; stop(): Promise<void> } {
  let count = 0;
  let stopped = false;
  const writing = (async () => {
    await session.create(parent, Buffer.alloc(0));
    while (!stopped) {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          session.create(`${parent}/n${count + index}`, Buffer.alloc(200, 'x')),
        ),
      );
      count += 20;
    }
  })();
  return {
    acknowledged: () => count,
    stop: async () => {
      stopped = true;
      await writing;
    },
  };
}

const scratchServers = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(
            `${host.directory}/zk1/backup/orders/.scratch`,
          ) && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('java')
        );
      } catch {
        return false;
      }
    });

test('a running server is observed whole, without its secrets', async () => {
  const facts = await host.adapter.observe(server, context());
  expect(facts).toMatchObject({
    reachable: true,
    process: { running: true, pid: expect.any(Number) },
    java: { major: expect.any(Number) },
    heapBytes: 128 * 1024 ** 2,
    myid: 7,
    package: { kind: 'tarball', installedVersion: VERSION, stagedVersions: [VERSION] },
    data: { directory: join(homeOf('zk1'), 'data'), logDirectory: join(homeOf('zk1'), 'log') },
  });
  expect(facts.config?.settings['tickTime']).toBe('2000');
  expect(facts.config?.settings['ssl.keyStore.password']).toBe('<redacted>');
  expect(facts.java!.major).toBeGreaterThanOrEqual(8);
  expect(facts.data!.freeBytes).toBeGreaterThan(0);
  expect(Date.parse(facts.process!.startedAt!)).toBeLessThan(Date.now() + 2_000);
  expect(JSON.stringify(facts)).not.toContain('hunter2');
});

test('a backup taken under load holds every write acknowledged before it began, proven by a scratch server', async () => {
  const load = keepWriting('/load');
  await until('there are snapshots', () => load.acknowledged() > 2_000, 60_000);
  const before = load.acknowledged();
  const backup = await host.adapter.backupData(server, 'run-1', next(), context());
  await load.stop();
  expect(statSync(backup.directory).mode & 0o777).toBe(0o700);
  expect(backup.files).toBeGreaterThan(2);
  expect(backup.bytes).toBeGreaterThan(100_000);

  const beats = context();
  const proof = await host.adapter.verifyDataBackup(server, backup.directory, next(), beats);
  expect(proof.nodes).toBeGreaterThanOrEqual(before);
  expect(proof.nodes).toBeLessThanOrEqual(load.acknowledged() + 10);
  expect(proof.zxid).toMatch(/^0x[0-9a-f]+$/);
  expect(beats.beats.length).toBeGreaterThan(0);
  expect(scratchServers()).toEqual([]);
  expect(readdirSync(dirname(backup.directory))).toEqual(['run-1']);

  const again = await host.adapter.backupData(server, 'run-1', next(), context());
  expect(again).toEqual(backup);
});

test('a snapshot that is still being written is left out of the copy', async () => {
  const data = join(homeOf('zk1'), 'data', 'version-2');
  const half = join(data, 'snapshot.ffffffff');
  writeFileSync(half, Buffer.concat([Buffer.from('ZKSN'), Buffer.alloc(500)]));
  const backup = await host.adapter.backupData(server, 'half', next(), context());
  truncateSync(half);
  await host.adapter.runHook(server, `rm ${half}`, {}, next(), context(), 5_000);
  expect(readdirSync(join(backup.directory, 'data'))).not.toContain('snapshot.ffffffff');
});

test('a backup that was tampered with is BackupInvalid, and so is one that cannot be loaded', async () => {
  const { directory } = await host.adapter.backupData(server, 'tampered', next(), context());
  const log = readdirSync(join(directory, 'log'))[0] as string;
  appendFileSync(join(directory, 'log', log), 'x');
  const error = await rejection(
    host.adapter.verifyDataBackup(server, directory, next(), context()),
  );
  expect(error).toMatchObject({ type: 'BackupInvalid', retryable: false });
  expect(scratchServers()).toEqual([]);

  const { directory: holed } = await host.adapter.backupData(server, 'holed', next(), context());
  const snapshots = readdirSync(join(holed, 'data')).filter((name) => name.startsWith('snapshot'));
  await host.adapter.runHook(
    server,
    `cd ${holed} && for s in ${snapshots.join(' ')}; do echo broken >data/$s; done && rm -f log/* && { head -n 4 manifest; for f in data/*; do echo "$(sha256sum <$f | cut -d' ' -f1) $(stat -c %s $f) $f"; done; } >m && mv m manifest`,
    {},
    next(),
    context(),
    10_000,
  );
  const ended = await rejection(host.adapter.verifyDataBackup(server, holed, next(), context()));
  expect(ended.type).toBe('BackupInvalid');
  expect(ended.message).toContain('loaded only up to 0x0');
});

test('an aborted proof leaves no server and no directory; a killed one is cleared by the next', async () => {
  const { directory } = await host.adapter.backupData(server, 'abort', next(), context());
  const abort = new AbortController();
  const proving = rejection(
    host.adapter.verifyDataBackup(server, directory, next(), context(abort.signal)),
  );
  await until('the scratch server runs', () => scratchServers().length > 0);
  abort.abort(new Error('cancelled'));
  await proving;
  await until('it is gone', () => scratchServers().length === 0);

  const scratch = join(dirname(directory), '.scratch-zk1');
  mkdirSync(scratch, { recursive: true });
  const leftover: ChildProcess = spawn(
    process.execPath,
    ['-e', 'setInterval(() => {}, 1e6)', join(scratch, 'scratch.properties')],
    { stdio: 'ignore' },
  );
  writeFileSync(join(scratch, 'pid'), `${leftover.pid}\n`);
  const proof = await host.adapter.verifyDataBackup(server, directory, next(), context());
  expect(proof.nodes).toBeGreaterThan(5);
  expect(processIsAlive(leftover.pid!)).toBe(false);
  expect(existsSync(scratch)).toBe(false);
});

test('without the space a backup is refused with numbers before anything is copied', async () => {
  const directory = join(homeOf('zk1'), 'huge');
  mkdirSync(join(directory, 'version-2'), { recursive: true });
  // Larger than any disk that is likely here, and not a byte of it written.
  const huge = join(directory, 'version-2', 'snapshot.1');
  writeFileSync(huge, '');
  truncateSync(huge, 8e12);
  const directories = { ...server.directories!, data: directory };
  const error = await rejection(
    host.adapter.backupData({ ...server, directories }, 'x', next(), context()),
  );
  expect(error).toMatchObject({ type: 'NoDiskSpace', retryable: false });
  expect(error.message).toMatch(/has \d+ bytes free, the backup needs about \d{13}/);
  expect(existsSync(join(homeOf('zk1'), 'backup', 'orders', 'x'))).toBe(false);
});
