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
import type { ZkSession } from '../../src/model/ports';
import type { ResolvedServer } from '../../src/model/inventory';
import { VERSION, startRealServer, zookeeper, type RealServer } from './realServer';
import { context, processIsAlive, rejection, until, type TestHost } from './sshd';

let real: RealServer;
let host: TestHost;
let server: ResolvedServer;
let session: ZkSession;
const next = () => real.next();
const homeOf = (name: string): string => real.homeOf(name);

beforeAll(async () => {
  real = await startRealServer('127.71.6.1');
  ({ host, server } = real);
  session = await zookeeper.openSession({ servers: [real.address] });
});

afterAll(async () => {
  await session?.close();
  await real?.close();
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
  const backup = await host.adapter.backupData(server, 'run-1', next(), context(), '0x1');
  expect(backup.holds).toBe('0x1');
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

  // What it held when the copy was begun is what counts, not what it holds when that is asked for again.
  const again = await host.adapter.backupData(server, 'run-1', next(), context(), '0xff');
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
