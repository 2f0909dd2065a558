import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNewcomerHost } from './newcomer';
import { executable, rejection } from './sshd';

const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));
let at: Awaited<ReturnType<typeof startNewcomerHost>>;

beforeAll(async () => void (at = await startNewcomerHost('127.71.13.1', stubs)));
afterEach(() => at.clearStubs());
afterAll(() => at.close());

test('wiping goes into linked data directories, but follows no link out of them', async () => {
  const server = at.newcomer('links');
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
  await at.provision(server, 1);
  const { removed } = await at.wipe(server, 2);
  expect(removed).toEqual([
    `${server.data}/version-2`,
    `${server.data}/myid`,
    `${server.config}/zoo.cfg`,
  ]);
  expect(readdirSync(join(disk, 'version-2'))).toEqual(['log.d']);
  expect(readdirSync(outside)).toEqual(['snapshot.9']);
  expect(await at.wipe(server, 3)).toEqual({ removed: [], removedBytes: 0 });
});

test('wiping takes what ZooKeeper wrote beside zoo.cfg, and the log directory, and nothing else', async () => {
  const server = at.newcomer('reconfigured');
  const dataLogDir = join(server.home, 'logs');
  const dynamic = { path: join(server.config, 'members'), text: 'server.4=a:1:2\n' };
  const zooCfg = `dataDir=${server.data}\ndataLogDir=${dataLogDir}\ndynamicConfigFile=${dynamic.path}\n`;
  await at.provision(server, 1, { zooCfg, dataLogDir, dynamicCfg: dynamic });
  for (const name of ['zoo.cfg.dynamic.100000', 'zoo.cfg.bak', 'logback.xml', 'jaas.conf']) {
    writeFileSync(join(server.config, name), name);
  }
  mkdirSync(join(dataLogDir, 'version-2'));
  writeFileSync(join(dataLogDir, 'version-2', 'log.1'), 'x');
  const { removed } = await at.wipe(server, 2);
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

test('wiping is refused while the service is not masked', async () => {
  const server = at.newcomer('unmasked');
  const path = join(server.home, 'service');
  const managed = { ...server, service: { kind: 'script' as const, path } };
  const script = `#!/bin/sh\n[ ! -e ${server.home}/masked ] || echo masked\necho stopped; exit 3\n`;
  await at.provision(managed, 1, { script });
  const error = await rejection(at.wipe(managed, 2));
  expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
  expect(error.message).toContain('stopped but not masked');
  expect(existsSync(join(server.data, 'myid'))).toBe(true);
  writeFileSync(join(server.home, 'masked'), '');
  expect((await at.wipe(managed, 3)).removed).toHaveLength(2);
});

test('wiping cut off between data and configuration, it finds the rest when it is run again', async () => {
  const server = at.newcomer('cut');
  // No directory in the inventory: only zoo.cfg knows where the data is.
  const { config, state, backup } = server.directories!;
  const vague = { ...server, directories: { config, state, backup } };
  await at.provision(vague, 1);
  mkdirSync(join(server.data, 'version-2'));
  writeFileSync(join(server.data, 'version-2', 'log.1'), 'x');
  executable(
    join(stubs, 'rm'),
    `#!/bin/sh\ncase "$*" in *myid) kill -KILL $PPID; exit 1 ;; esac\nexec /bin/rm "$@"\n`,
  );
  await rejection(at.wipe(vague, 2));
  expect(readdirSync(server.data)).toEqual(['myid']);
  expect(existsSync(join(config, 'zoo.cfg'))).toBe(true);
  rmSync(join(stubs, 'rm'));
  expect((await at.wipe(vague, 3)).removed).toEqual([`${server.data}/myid`, `${config}/zoo.cfg`]);
});

test('wiping is refused while a server with another configuration uses the data', async () => {
  const server = at.newcomer('borrowed');
  await at.provision(server, 1);
  const other = join(server.home, 'other.cfg');
  writeFileSync(other, `tickTime=2000\ndataLogDir=${server.data}/\n`);
  const { pid, end } = await at.jvm(server.home, other);
  const error = await rejection(at.wipe(server, 2));
  expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
  expect(error.message).toContain(`process ${pid}`);
  expect(readdirSync(server.data)).toEqual(['myid']);
  await end();
  expect((await at.wipe(server, 3)).removed).toHaveLength(2);
});
