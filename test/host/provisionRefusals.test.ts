import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ResolvedServer } from '../../src/model/inventory';
import type { ServerFiles } from '../../src/model/ports';
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

const MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));
const running: ChildProcess[] = [];
let host: TestHost;

beforeAll(async () => void (host = await startTestHost('127.71.11.1', [stubs])));
afterEach(() => readdirSync(stubs).forEach((name) => rmSync(join(stubs, name))));
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(stubs, { recursive: true, force: true });
  await host.close();
});

/** A server of which nothing is on the host yet but its name. */
function newcomer(name: string, more: Partial<ResolvedServer> = {}) {
  const server = host.server(name);
  const home = join(host.directory, name);
  rmSync(home, { recursive: true });
  mkdirSync(home);
  const config = join(home, 'config');
  const data = join(home, 'data');
  return { ...server, ...more, home, config, data };
}
type Newcomer = ReturnType<typeof newcomer>;

const filesOf = (server: Newcomer, more: Partial<ServerFiles> = {}): ServerFiles => ({
  zooCfg: `dataDir=${server.data}\nclientPort=2181\n`,
  myid: 4,
  dataDir: server.data,
  ...more,
});
const provision = (
  server: Newcomer,
  sequence: number,
  more: Partial<ServerFiles> = {},
  signal?: AbortSignal,
) => host.adapter.provisionServer(server, filesOf(server, more), token(sequence), context(signal));
const wipe = (server: Newcomer, sequence: number) =>
  host.adapter.wipeServer(server, { keepPackage: true }, token(sequence), context());

/** A process that looks like a server's JVM with that zoo.cfg. */
async function jvm(home: string, zooCfg: string): Promise<number> {
  const program = join(home, 'jvm.js');
  writeFileSync(program, 'setInterval(() => {}, 1e6)');
  const child = spawn(process.execPath, [program, MAIN_CLASS, zooCfg], { stdio: 'ignore' });
  running.push(child);
  await until('it runs', () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').includes(zooCfg));
  return child.pid as number;
}
const untouched = (server: Newcomer, ...there: string[]) =>
  expect(readdirSync(server.home).sort()).toEqual([...there, 'state'].sort());

describe('is refused before anything is touched', () => {
  test.each([
    [
      'the wrong dataDir',
      { dataDir: '/elsewhere' },
      /dataDir is \/elsewhere: expected .*directories\.data/,
    ],
    ['a dataDir zoo.cfg does not name', { zooCfg: 'clientPort=1\n' }, /its zoo\.cfg says none/],
    [
      'a climbing log directory',
      { dataLogDir: '/a/../b' },
      /dataLogDir is .*absolute path without/,
    ],
    [
      'a dynamic file elsewhere',
      { dynamicCfg: { path: '/etc/passwd', text: '' } },
      /dynamicCfg\.path is \/etc\/passwd/,
    ],
    ['an id out of range', { myid: 256 }, /myid is 256: expected a whole number of 0–255/],
    [
      'a huge file',
      { javaEnv: { name: 'java.env' as const, text: 'x'.repeat(2 ** 20 + 1) } },
      /javaEnv has 1048577 bytes/,
    ],
  ])('%s', async (_what, more, message) => {
    const server = newcomer('input');
    const error = await rejection(provision(server, 1, more));
    expect(error).toMatchObject({ type: 'InvalidInput', retryable: false });
    expect(error.message).toMatch(message);
    expect(readdirSync(server.home)).toEqual([]);
  });

  test("another server's configuration; one zkferry wrote it replaces", async () => {
    const server = newcomer('foreign');
    mkdirSync(server.config);
    writeFileSync(join(server.config, 'java.env'), 'theirs');
    const javaEnv = { name: 'java.env' as const, text: 'ours' };
    const error = await rejection(provision(server, 1, { javaEnv }));
    expect(error).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(error.message).toContain(`${host.address}: ${server.config}/java.env is there already`);
    untouched(server, 'config');
    rmSync(join(server.config, 'java.env'));
    await provision(server, 2, { javaEnv });
    const next = { javaEnv: { ...javaEnv, text: 'newer' } };
    expect((await provision(server, 3, next)).written).toEqual([`${server.config}/java.env`]);
    writeFileSync(join(server.config, 'java.env'), 'edited since');
    expect(await rejection(provision(server, 4, next))).toMatchObject({ type: 'HostOccupied' });
  });

  test('the myid of another server; a text that is no number goes', async () => {
    const server = newcomer('myid');
    mkdirSync(server.data);
    writeFileSync(join(server.data, 'myid'), '3\n');
    const error = await rejection(provision(server, 1));
    expect(error).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(error.message).toContain("myid says 3, the new server's is 4");
    untouched(server, 'data');
    writeFileSync(join(server.data, 'myid'), 'replace this text with the instance id (1-255)\n');
    await provision(server, 2);
    expect(readFileSync(join(server.data, 'myid'), 'utf8')).toBe('4\n');
  });

  test('a process on the same data directory under another configuration', async () => {
    const server = newcomer('shared');
    const other = join(server.home, 'other.cfg');
    writeFileSync(other, `dataDir=${server.data}\n`);
    mkdirSync(server.data);
    const pid = await jvm(server.home, other);
    const error = await rejection(provision(server, 1));
    expect(error).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(error.message).toMatch(`process ${pid}, a ZooKeeper server with another configuration`);
    expect(existsSync(server.config)).toBe(false);
    process.kill(pid, 'SIGKILL');
    await until('it is gone', () => !processIsAlive(pid));
    await provision(server, 2);
  });

  test('a place nothing can be made in', async () => {
    const server = newcomer('unwritable');
    writeFileSync(server.data, 'a file');
    const error = await rejection(provision(server, 1));
    expect(error).toMatchObject({ type: 'RemoteCommandFailed', retryable: false });
    expect(error.message).toContain(`${server.data} cannot be made or written in`);
    expect(existsSync(server.config)).toBe(false);
  });

  test('a disk without room', async () => {
    const server = newcomer('full');
    executable(join(stubs, 'df'), `#!/bin/sh\necho head\necho "disk 100 100 2000 98% /"\n`);
    const error = await rejection(provision(server, 1));
    expect(error).toMatchObject({ type: 'NoDiskSpace', retryable: false });
    expect(error.message).toMatch(
      /data has 2048000 bytes free, a new server needs at least 83886080/,
    );
    untouched(server);
  });

  test('no service script, where none is given', async () => {
    const server = newcomer('scriptless');
    const path = join(server.home, 'bin', 'service');
    const managed = { ...server, service: { kind: 'script' as const, path } };
    const error = await rejection(provision(managed, 1));
    expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
    expect(error.message).toContain(`there is no service script ${path}`);
    untouched(server);
    const script = '#!/bin/sh\n# it\'s "$1"\nexit 3\n';
    await provision(managed, 2, { script });
    expect(readFileSync(path, 'utf8')).toBe(script);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect((await provision(managed, 3, { script: 'another' })).changed).toBe(false);
    expect(await host.adapter.readService(managed, context())).toEqual({ script });
  });

  test('a unit systemd does not know', async () => {
    const server = newcomer('unitless');
    const managed = { ...server, service: { kind: 'systemd' as const, unit: 'hostp-none' } };
    systemctl(server.home);
    const error = await rejection(provision(managed, 1));
    expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
    expect(error.message).toContain('install the unit first');
    untouched(server, 'calls');
  });

  test('an older fence token', async () => {
    const server = newcomer('older');
    await provision(server, 5);
    const before = statSync(join(server.config, 'zoo.cfg')).mtimeMs;
    for (const act of [() => provision(server, 4, { myid: 5 }), () => wipe(server, 4)]) {
      expect(await rejection(act())).toMatchObject({ type: 'StaleFence', retryable: false });
    }
    expect(statSync(join(server.config, 'zoo.cfg')).mtimeMs).toBe(before);
  });
});

/** A stand-in that records each call and keeps what a unit is in files. */
const systemctl = (home: string): string =>
  executable(
    join(stubs, 'systemctl'),
    `#!/bin/sh
cd ${home}
echo "$*" >>calls
case "$1 $2 $3" in
  'cat '*) [ -e known ] || [ -e masked ] ;;
  'show -p User') [ -e masked ] || echo User=nobody ;;
  'show -p Group') echo Group= ;;
  'show -p LoadState') if [ -e masked ]; then echo LoadState=masked; else echo LoadState=loaded; fi ;;
  'show '*) echo ActiveState=inactive ;;
  'is-enabled '*) [ -e enabled ] ;;
  'enable '*) [ ! -e masked ] && touch enabled ;;
  'mask --runtime '*) touch masked ;;
  'unmask --runtime '*) rm -f masked ;;
esac
`,
  );

const asRoot = userInfo().uid === 0 ? test : test.skip;
describe('a systemd unit (command contract)', () => {
  const unitFile = '/etc/systemd/system/hostp-none.service';
  beforeAll(() => {
    if (userInfo().uid !== 0) return;
    mkdirSync('/etc/systemd/system', { recursive: true });
    writeFileSync(unitFile, '[Service]\nUser=nobody\n');
  });
  afterAll(() => rmSync(unitFile, { force: true }));

  asRoot.each(['known', 'masked'])(
    '%s: enabled once, its user owns what was made',
    async (state) => {
      const server = newcomer(`unit-${state}`);
      const managed = { ...server, service: { kind: 'systemd' as const, unit: 'hostp-none' } };
      systemctl(server.home);
      writeFileSync(join(server.home, state), '');
      expect((await provision(managed, 1)).written).toContain('hostp-none.service');
      expect((await provision(managed, 2)).changed).toBe(false);
      const calls = readFileSync(join(server.home, 'calls'), 'utf8');
      expect(calls.match(/^enable .*/gm)).toEqual(['enable hostp-none.service']);
      expect(existsSync(join(server.home, 'masked'))).toBe(state === 'masked');
      const nobody = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
      for (const path of [server.data, join(server.data, 'myid'), join(server.config, 'zoo.cfg')]) {
        expect(statSync(path).uid).toBe(nobody);
      }
    },
  );
});

test('data that is there is told, not touched', async () => {
  const server = newcomer('told');
  mkdirSync(join(server.data, 'version-2'), { recursive: true });
  for (const name of ['snapshot.0', 'snapshot.5', 'log.1', 'acceptedEpoch']) {
    writeFileSync(join(server.data, 'version-2', name), '7');
  }
  expect(await provision(server, 1)).toMatchObject({ changed: true, snapshots: 2, logs: 1 });
  const facts = await host.adapter.observe(server, context());
  expect(facts.data).toMatchObject({ acceptedEpoch: 7, snapshotCount: 2 });
  expect(facts.data).not.toHaveProperty('currentEpoch');
});

test('of two calls at once one does the work and the other finds it done', async () => {
  const server = newcomer('twice');
  const both = await Promise.all([provision(server, 1), provision(server, 1)]);
  expect(both.map(({ changed }) => changed).sort()).toEqual([false, true]);
});

test('killed after its first file, it ends right when it is run again, with other values too', async () => {
  const server = newcomer('killed');
  // Once zoo.cfg has its name, the directory is synced: there the script is shot.
  executable(
    join(stubs, 'sync'),
    `#!/bin/sh\nif [ "$1" = ${server.config} ]; then kill -KILL $PPID; fi\n`,
  );
  const javaEnv = { name: 'java.env' as const, text: 'second' };
  await rejection(provision(server, 1, { javaEnv }));
  expect(readdirSync(server.config)).toEqual(['zoo.cfg']);
  rmSync(join(stubs, 'sync'));
  const zooCfg = `dataDir=${server.data}\nclientPort=2182\n`;
  await provision(server, 2, { javaEnv, zooCfg });
  expect(readFileSync(join(server.config, 'zoo.cfg'), 'utf8')).toBe(zooCfg);
  expect(readdirSync(server.config).sort()).toEqual(['java.env', 'zoo.cfg']);
  expect(readdirSync(server.data)).toEqual(['myid']);
});

describe('wiping', () => {
  test('goes into linked data directories, but follows no link out of them', async () => {
    const server = newcomer('links');
    const disk = join(server.home, 'disk');
    const outside = join(server.home, 'outside');
    for (const path of [join(disk, 'version-2', 'log.d'), outside])
      mkdirSync(path, { recursive: true });
    symlinkSync(disk, server.data);
    writeFileSync(join(outside, 'snapshot.9'), 'not ours');
    writeFileSync(join(disk, 'version-2', 'snapshot.1'), '12345');
    writeFileSync(join(disk, 'version-2', 'currentEpoch'), '1');
    symlinkSync(join(outside, 'snapshot.9'), join(disk, 'version-2', 'snapshot.9'));
    symlinkSync(outside, join(disk, 'version-2', 'log.5'));
    await provision(server, 1);
    const { removed } = await wipe(server, 2);
    expect(removed).toEqual([
      `${server.data}/version-2`,
      `${server.data}/myid`,
      `${server.config}/zoo.cfg`,
    ]);
    expect(readdirSync(join(disk, 'version-2'))).toEqual(['log.d']);
    expect(readdirSync(outside)).toEqual(['snapshot.9']);
    expect(await wipe(server, 3)).toEqual({ removed: [], removedBytes: 0 });
  });

  test('takes what ZooKeeper wrote beside zoo.cfg, and the log directory, and nothing else', async () => {
    const server = newcomer('reconfigured');
    const dataLogDir = join(server.home, 'logs');
    const dynamic = { path: join(server.config, 'members'), text: 'server.4=a:1:2\n' };
    const zooCfg = `dataDir=${server.data}\ndataLogDir=${dataLogDir}\ndynamicConfigFile=${dynamic.path}\n`;
    await provision(server, 1, { zooCfg, dataLogDir, dynamicCfg: dynamic });
    for (const name of ['zoo.cfg.dynamic.100000', 'zoo.cfg.bak', 'logback.xml', 'jaas.conf']) {
      writeFileSync(join(server.config, name), name);
    }
    mkdirSync(join(dataLogDir, 'version-2'));
    writeFileSync(join(dataLogDir, 'version-2', 'log.1'), 'x');
    const { removed } = await wipe(server, 2);
    expect(removed).toContain(`${dataLogDir}/version-2`);
    expect(readdirSync(server.config).sort()).toEqual(['jaas.conf', 'logback.xml']);
    const copy = join(server.home, 'state', 'orders', server.name, 'removed-0000000100000001-2');
    expect(readdirSync(copy).sort()).toEqual([
      'members',
      'zoo.cfg',
      'zoo.cfg.bak',
      'zoo.cfg.dynamic.100000',
    ]);
  });

  test('is refused while the service is not masked', async () => {
    const server = newcomer('unmasked');
    const path = join(server.home, 'service');
    const managed = { ...server, service: { kind: 'script' as const, path } };
    const script = `#!/bin/sh\n[ ! -e ${server.home}/masked ] || echo masked\necho stopped; exit 3\n`;
    await provision(managed, 1, { script });
    const error = await rejection(wipe(managed, 2));
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
    expect(error.message).toContain('stopped but not masked');
    expect(existsSync(join(server.data, 'myid'))).toBe(true);
    writeFileSync(join(server.home, 'masked'), '');
    expect((await wipe(managed, 3)).removed).toHaveLength(2);
  });

  test('cut off between data and configuration, it finds the rest when it is run again', async () => {
    const server = newcomer('cut');
    // No directory in the inventory: only zoo.cfg knows where the data is.
    const { config, state, backup } = server.directories!;
    const vague = { ...server, directories: { config, state, backup } };
    await provision(vague, 1);
    mkdirSync(join(server.data, 'version-2'));
    writeFileSync(join(server.data, 'version-2', 'log.1'), 'x');
    executable(
      join(stubs, 'rm'),
      `#!/bin/sh\ncase "$*" in *myid) kill -KILL $PPID; exit 1 ;; esac\nexec /bin/rm "$@"\n`,
    );
    await rejection(wipe(vague, 2));
    expect(readdirSync(server.data)).toEqual(['myid']);
    expect(existsSync(join(config, 'zoo.cfg'))).toBe(true);
    rmSync(join(stubs, 'rm'));
    expect((await wipe(vague, 3)).removed).toEqual([`${server.data}/myid`, `${config}/zoo.cfg`]);
  });
});

test('the service script of a member that cannot be one is refused', async () => {
  const server = newcomer('binary');
  const path = join(server.home, 'service');
  writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]));
  chmodSync(path, 0o755);
  const managed = { ...server, service: { kind: 'script' as const, path } };
  const error = await rejection(host.adapter.readService(managed, context()));
  expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
});
