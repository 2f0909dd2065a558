import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ZkferryError } from '../../src/model/errors';
import { until } from '../support/until';
import { startNewcomerHost, type Newcomer } from './newcomer';
import { context, executable, rejection } from './sshd';

const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));
let at: Awaited<ReturnType<typeof startNewcomerHost>>;

beforeAll(async () => void (at = await startNewcomerHost('127.71.11.1', stubs)));
afterEach(() => at.clearStubs());
afterAll(() => at.close());

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
    const server = at.newcomer('input');
    const error = await rejection(at.provision(server, 1, more));
    expect(error).toMatchObject({ type: 'InvalidInput', retryable: false });
    expect(error.message).toMatch(message);
    expect(readdirSync(server.home)).toEqual([]);
  });

  test("another server's configuration; one zkferry wrote it replaces", async () => {
    const server = at.newcomer('foreign');
    mkdirSync(server.config);
    writeFileSync(join(server.config, 'java.env'), 'theirs');
    const javaEnv = { name: 'java.env' as const, text: 'ours' };
    const error = await rejection(at.provision(server, 1, { javaEnv }));
    expect(error).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(error.message).toContain(
      `${at.host.address}: ${server.config}/java.env is there already`,
    );
    untouched(server, 'config');
    rmSync(join(server.config, 'java.env'));
    await at.provision(server, 2, { javaEnv });
    const next = { javaEnv: { ...javaEnv, text: 'newer' } };
    expect((await at.provision(server, 3, next)).written).toEqual([`${server.config}/java.env`]);
    writeFileSync(join(server.config, 'java.env'), 'edited since');
    const edited = await rejection(at.provision(server, 4, next));
    expect(edited).toMatchObject({ type: 'HostOccupied' });
    expect(edited.message).toContain('has changed since zkferry wrote it');
  });

  test("a package's own default counts as nothing, until somebody changes it", async () => {
    const apt = { kind: 'apt' as const, name: 'zookeeper', version: '{version}' };
    const server = at.newcomer('shipped', { package: apt });
    const zooCfg = join(server.config, 'zoo.cfg');
    mkdirSync(server.config);
    writeFileSync(zooCfg, 'edited');
    const md5 = createHash('md5').update('as shipped').digest('hex');
    executable(join(stubs, 'dpkg-query'), `#!/bin/sh\nprintf '\\n %s ${md5}\\n' ${zooCfg}\n`);
    expect(await rejection(at.provision(server, 1))).toMatchObject({ type: 'HostOccupied' });
    writeFileSync(zooCfg, 'as shipped');
    expect((await at.provision(server, 2)).written).toContain(zooCfg);
  });

  test('the myid of another server; a text that is no number goes', async () => {
    const server = at.newcomer('myid');
    mkdirSync(server.data);
    writeFileSync(join(server.data, 'myid'), '3\n');
    const error = await rejection(at.provision(server, 1));
    expect(error).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(error.message).toContain("myid says 3, the new server's is 4");
    untouched(server, 'data');
    writeFileSync(join(server.data, 'myid'), 'replace this text with the instance id (1-255)\n');
    await at.provision(server, 2);
    expect(readFileSync(join(server.data, 'myid'), 'utf8')).toBe('4\n');
  });

  test('a process on the same data directory under another configuration', async () => {
    const server = at.newcomer('shared');
    const other = join(server.home, 'other.cfg');
    writeFileSync(other, `dataDir=${server.data}\n`);
    mkdirSync(server.data);
    const { pid, end } = await at.jvm(server.home, other);
    const error = await rejection(at.provision(server, 1));
    expect(error).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(error.message).toMatch(`process ${pid}, a ZooKeeper server with another configuration`);
    expect(existsSync(server.config)).toBe(false);
    await end();
    await at.provision(server, 2);
  });

  test('a place nothing can be made in', async () => {
    const server = at.newcomer('unwritable');
    writeFileSync(server.data, 'a file');
    const error = await rejection(at.provision(server, 1));
    expect(error).toMatchObject({ type: 'RemoteCommandFailed', retryable: false });
    expect(error.message).toContain(`${server.data} cannot be made or written in`);
    expect(existsSync(server.config)).toBe(false);
  });

  test('a disk without room', async () => {
    const server = at.newcomer('full');
    executable(join(stubs, 'df'), `#!/bin/sh\necho head\necho "disk 100 100 2000 98% /"\n`);
    const error = await rejection(at.provision(server, 1));
    expect(error).toMatchObject({ type: 'NoDiskSpace', retryable: false });
    expect(error.message).toMatch(
      /data has 2048000 bytes free, a new server needs at least 83886080/,
    );
    untouched(server);
  });

  test('no service script, where none is given', async () => {
    const server = at.newcomer('scriptless');
    const path = join(server.home, 'bin', 'service');
    const managed = { ...server, service: { kind: 'script' as const, path } };
    const error = await rejection(at.provision(managed, 1));
    expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
    expect(error.message).toContain(`there is no service script ${path}`);
    untouched(server);
    const script = '#!/bin/sh\n# it\'s "$1"\nexit 3\n';
    await at.provision(managed, 2, { script });
    expect(readFileSync(path, 'utf8')).toBe(script);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect((await at.provision(managed, 3, { script: 'another' })).changed).toBe(false);
    expect(await at.host.adapter.readService(managed, context())).toEqual({ script });
  });

  test('a unit systemd does not know', async () => {
    const server = at.newcomer('unitless');
    const managed = { ...server, service: { kind: 'systemd' as const, unit: 'hostp-none' } };
    systemctl(server.home);
    const error = await rejection(at.provision(managed, 1));
    expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
    expect(error.message).toContain('install the unit first');
    untouched(server, 'calls');
  });

  test('an older fence token', async () => {
    const server = at.newcomer('older');
    await at.provision(server, 5);
    const before = statSync(join(server.config, 'zoo.cfg')).mtimeMs;
    for (const act of [() => at.provision(server, 4, { myid: 5 }), () => at.wipe(server, 4)]) {
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
      const server = at.newcomer(`unit-${state}`);
      const managed = { ...server, service: { kind: 'systemd' as const, unit: 'hostp-none' } };
      systemctl(server.home);
      writeFileSync(join(server.home, state), '');
      expect((await at.provision(managed, 1)).written).toContain('hostp-none.service');
      expect((await at.provision(managed, 2)).changed).toBe(false);
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
  const server = at.newcomer('told');
  mkdirSync(join(server.data, 'version-2'), { recursive: true });
  for (const name of ['snapshot.0', 'snapshot.5', 'log.1', 'acceptedEpoch']) {
    writeFileSync(join(server.data, 'version-2', name), '7');
  }
  expect(await at.provision(server, 1)).toMatchObject({ changed: true, snapshots: 2, logs: 1 });
  const facts = await at.host.adapter.observe(server, context());
  expect(facts.data).toMatchObject({ acceptedEpoch: 7, snapshotCount: 2 });
  expect(facts.data).not.toHaveProperty('currentEpoch');
});

test('of two calls at once one does the work and the other finds it done', async () => {
  const server = at.newcomer('twice');
  // On a busy machine the one may hold the lock for longer than the other waits for it: it is tried again, as activities are.
  const patiently = () =>
    until(
      'its turn',
      () =>
        at.provision(server, 1).catch((error: ZkferryError) => {
          if (error.type !== 'HostBusy') throw error;
          return undefined;
        }),
      30_000,
    );
  const both = await Promise.all([patiently(), patiently()]);
  expect(both.map(({ changed }) => changed).sort()).toEqual([false, true]);
});

test('killed after its first file, it ends right when it is run again, with other values too', async () => {
  const server = at.newcomer('killed');
  // Once zoo.cfg has its name, the directory is synced: there the script is shot.
  executable(
    join(stubs, 'sync'),
    `#!/bin/sh\nif [ "$1" = ${server.config} ]; then kill -KILL $PPID; fi\n`,
  );
  const javaEnv = { name: 'java.env' as const, text: 'second' };
  await rejection(at.provision(server, 1, { javaEnv }));
  expect(readdirSync(server.config)).toEqual(['zoo.cfg']);
  rmSync(join(stubs, 'sync'));
  const zooCfg = `dataDir=${server.data}\nclientPort=2182\n`;
  await at.provision(server, 2, { javaEnv, zooCfg });
  expect(readFileSync(join(server.config, 'zoo.cfg'), 'utf8')).toBe(zooCfg);
  expect(readdirSync(server.config).sort()).toEqual(['java.env', 'zoo.cfg']);
  expect(readdirSync(server.data)).toEqual(['myid']);
});

test('the service script of a member that cannot be one is refused', async () => {
  const server = at.newcomer('binary');
  const path = join(server.home, 'service');
  writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]));
  chmodSync(path, 0o755);
  const managed = { ...server, service: { kind: 'script' as const, path } };
  const error = await rejection(at.host.adapter.readService(managed, context()));
  expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
});
