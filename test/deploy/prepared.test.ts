/** What docker-compose.yml rests on, without a container engine: the preparation, and the host that its image runs. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInventory } from '../../src/adapters/inventory';
import { ensureArchive, javaHome, releaseName } from '../../src/lab/bootstrap';
import { projectRoot } from '../../src/lab/projectRoot';
import { until } from '../support/until';

const DEPLOY = join(projectRoot(), 'deploy');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-prepared-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('preparing makes keys, a password and an inventory that can be resolved, and keeps them', async () => {
  const root = join(directory, 'checkout');
  mkdirSync(join(root, 'deploy'), { recursive: true });
  for (const name of ['prepare.sh', 'inventory.yaml'])
    copyFileSync(join(DEPLOY, name), join(root, 'deploy', name));
  const prepare = () => execFileSync('sh', [join(root, 'deploy', 'prepare.sh')], { stdio: 'pipe' });
  const files = [
    '.env',
    'secrets/id_ed25519',
    'secrets/zookeeper_host_key',
    'inventory/compose.yaml',
  ];
  const contents = () => files.map((name) => readFileSync(join(root, name), 'utf8'));
  prepare();
  const before = contents();
  for (const name of files)
    expect([name, statSync(join(root, name)).mode & 0o077]).toEqual([name, 0]);
  expect(before[0]).toMatch(/^TEMPORAL_POSTGRES_PASSWORD=[0-9a-f]{48}\n$/);
  const inventory = createInventory({ path: join(root, 'inventory') });
  expect(await inventory.names()).toEqual(['east', 'west']);
  const { servers } = await inventory.resolve('east');
  const shown = execFileSync('ssh-keygen', ['-lf', join(root, 'secrets', 'zookeeper_host_key')]);
  expect(shown.toString()).toContain(servers[0]!.ssh!.hostKey);
  prepare();
  expect(contents()).toEqual(before);
});

async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => holder.once('listening', resolve));
      return holder;
    }),
  );
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port);
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))));
  return ports;
}

/** What is said to whoever connects and sends `words`; undefined where nobody listens. */
const said = (port: number, words = ''): Promise<string | undefined> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(words));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (words === '') socket.destroy();
    });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(text || undefined));
  });

describe('the host of the image', () => {
  const version = '3.8.4';
  let host: ChildProcess;
  let root: string;
  let exited: Promise<number | null>;
  let ports: number[];
  const service = (word: string) =>
    execFileSync(join(root, 'bin', 'service'), [word], { stdio: 'pipe' }).toString();
  const serves = (ms = 60_000) =>
    until(
      () => 'ZooKeeper to serve',
      async () => ((await said(ports[1]!, 'srvr'))?.includes('Mode:') ? true : undefined),
      ms,
    );

  beforeAll(async () => {
    root = join(directory, 'host');
    const packages = join(root, 'opt', 'zookeeper');
    mkdirSync(packages, { recursive: true });
    mkdirSync(join(root, 'bin'));
    const { path: file } = await ensureArchive(version);
    execFileSync('tar', ['-xzf', file, '-C', packages, '--no-same-owner']);
    symlinkSync(join(packages, releaseName(version)), join(packages, 'current'));
    cpSync(join(DEPLOY, 'zookeeper', 'service'), join(root, 'bin', 'service'));
    for (const name of ['host_key', 'client_key'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    ports = await freePorts(4);
    const [ssh, client, quorum, election] = ports;
    host = spawn(join(DEPLOY, 'zookeeper', 'entrypoint'), {
      env: {
        PATH: process.env.PATH,
        HOST_ROOT: root,
        SSH_LISTEN: `127.0.0.1:${ssh}`,
        HOST_KEY: join(directory, 'host_key'),
        AUTHORIZED_KEY: join(directory, 'client_key.pub'),
        ZOO_MY_ID: '1',
        ZOO_SERVERS: `server.1=127.0.0.1:${quorum}:${election};127.0.0.1:${client}`,
        JAVA_HOME: javaHome(),
      },
      stdio: 'inherit',
    });
    exited = new Promise((resolve) => host.once('exit', resolve));
    await serves();
  }, 120_000);

  afterAll(async () => {
    host.kill('SIGTERM');
    await exited;
  }, 60_000);

  test('greets by SSH with the key it was given', async () => {
    expect(await said(ports[0]!)).toMatch(/^SSH-2\.0-/);
    const known = execFileSync('ssh', [
      ...['-i', join(directory, 'client_key'), '-p', String(ports[0])],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
      ...['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR', '127.0.0.1'],
      `${root}/bin/service status`,
    ]);
    expect(known.toString()).toMatch(/^pid \d+/);
  });

  test('starts a server that ended again, unless it is masked', async () => {
    service('mask');
    service('stop');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await said(ports[1]!, 'srvr')).toBeUndefined();
    service('unmask');
    await serves();
  });

  test('stops the server and itself when it is told to', async () => {
    host.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(await said(ports[1]!, 'srvr')).toBeUndefined();
    expect(await said(ports[0]!)).toBeUndefined();
  });
});
