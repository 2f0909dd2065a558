import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { NodeSSH } from 'node-ssh';
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { inventorySchema } from '../../src/model/inventory';
import { createLab, openLab, type Lab } from '../../src/lab/lab';
import { labDown, labStatus } from '../../src/lab/labCommands';
import { commitTransaction, srvr } from '../../src/lab/probe';
import { becomesTrue } from '../../src/lab/processes';

const MODES = /^(leader|follower)$/;

/** Logs in on a host, checks its key and runs one command. */
async function ssh(lab: Lab, name: string, command: string) {
  const server = lab.server(name);
  const client = new NodeSSH();
  let fingerprint = '';
  await client.connect({
    host: server.host,
    port: server.sshPort,
    username: process.env.USER ?? 'root',
    privateKeyPath: lab.privateKeyPath,
    readyTimeout: 10_000,
    hostVerifier: (key: Buffer) => {
      const digest = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
      fingerprint = `SHA256:${digest}`;
      return true;
    },
  });
  try {
    const result = await client.execCommand(command);
    return { ...result, fingerprint };
  } finally {
    client.dispose();
  }
}

describe('a lab of three servers', () => {
  let lab: Lab;
  let startMs = 0;

  beforeAll(async () => {
    lab = await createLab({ name: 'labtest', version: '3.9.6', servers: 3, spares: 1 });
    const began = performance.now();
    await lab.start();
    startMs = performance.now() - began;
  });
  afterAll(() => lab?.destroy());

  test('serves: one leader, two followers, and it commits through each', async () => {
    const modes = await Promise.all(lab.members.map(async (server) => (await srvr(server))?.mode));
    expect(modes.filter((mode) => mode === 'leader')).toHaveLength(1);
    for (const mode of modes) expect(mode).toMatch(MODES);
    for (const server of lab.members) expect(await commitTransaction(server)).toBe(true);
    expect(startMs).toBeLessThan(30_000);
  });

  test('its inventory fits the schema and names every host, the spare too', () => {
    const written: unknown = parse(readFileSync(lab.inventoryPath, 'utf8'));
    const inventory = inventorySchema.parse(written);
    const spec = inventory.ensembles.labtest;
    expect(spec?.servers.map(({ name, spare }) => [name, spare])).toEqual([
      ['zk1', false],
      ['zk2', false],
      ['zk3', false],
      ['zk4', true],
    ]);
    expect(spec?.servers[0]?.ssh).toMatchObject({ port: 2222, hostKey: lab.hostKeyFingerprint });
  });

  test('every host, the spare too, lets its key in and shows the expected host key', async () => {
    for (const { name, directory } of lab.servers) {
      const { stdout, fingerprint } = await ssh(lab, name, `${directory}/bin/service status`);
      expect(fingerprint).toBe(lab.hostKeyFingerprint);
      expect(stdout).toMatch(name === 'zk4' ? /^stopped$/ : /^pid \d+$/);
    }
  });

  test('a start over SSH returns although the server lives on', async () => {
    await lab.stopServer('zk2');
    const { code, stdout } = await ssh(
      lab,
      'zk2',
      `${lab.server('zk2').directory}/bin/service start`,
    );
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^pid \d+$/)]);
    await lab.waitServing(30_000, ['zk1', 'zk2', 'zk3']);
  });

  test('a killed server is gone at once and comes back when started', async () => {
    await lab.killServer('zk3');
    expect(lab.isRunning('zk3')).toBe(false);
    expect(await srvr(lab.server('zk3'))).toBeUndefined();
    await lab.startServer('zk3');
    await lab.waitServing(30_000);
    expect(lab.isRunning('zk3')).toBe(true);
  });

  test('a masked server refuses to start until unmasked', async () => {
    const service = `${lab.server('zk1').directory}/bin/service`;
    await ssh(lab, 'zk1', `${service} mask; ${service} stop`);
    const refused = await ssh(lab, 'zk1', `${service} start`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/masked/)]);
    const status = await ssh(lab, 'zk1', `${service} status`);
    expect([status.code, status.stdout]).toEqual([3, 'masked\nstopped']);
    await ssh(lab, 'zk1', `${service} unmask; ${service} start`);
    await lab.waitServing(30_000, ['zk1', 'zk2', 'zk3']);
  });

  test.each(['zk1', 'zk2', 'zk3'])('%s can be made the leader', async (name) => {
    await lab.moveLeaderTo(name);
    expect(await lab.leader()).toBe(name);
    await lab.waitServing(30_000, ['zk1', 'zk2', 'zk3']);
  });

  test('it can be described by its name alone', async () => {
    const [status] = await labStatus('labtest');
    expect(status).toMatchObject({ name: 'labtest', running: true, leader: await lab.leader() });
    expect(status?.servers.map(({ state }) => state)).toEqual([
      expect.stringMatching(MODES),
      expect.stringMatching(MODES),
      expect.stringMatching(MODES),
      'stopped',
    ]);
  });

  test('stopped, it leaves no process; down, it leaves no file', async () => {
    const pids = lab.livePids();
    expect(pids).toHaveLength(7);
    await lab.stop();
    expect(lab.livePids()).toEqual([]);
    for (const server of lab.servers) expect(await srvr(server)).toBeUndefined();
    await labDown('labtest');
    expect(existsSync(lab.directory)).toBe(false);
    expect(openLab('labtest')).toBeUndefined();
  });
});

describe('a supervised lab', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await createLab({ name: 'labtest-sup', version: '3.9.6', servers: 1, supervised: true });
    await lab.start();
  });
  afterAll(() => lab?.destroy());

  test('a killed server comes back by itself, a masked one does not', async () => {
    const service = `${lab.server('zk1').directory}/bin/service`;
    const first = lab.serverProcess('zk1')?.pid;
    await lab.killServer('zk1');
    expect(await becomesTrue(() => lab.isRunning('zk1'), 20_000)).toBe(true);
    expect(lab.serverProcess('zk1')?.pid).not.toBe(first);

    await ssh(lab, 'zk1', `${service} mask; ${service} stop`);
    // The watcher looks five times a second.
    expect(await becomesTrue(() => lab.isRunning('zk1'), 2_000)).toBe(false);
    await ssh(lab, 'zk1', `${service} unmask`);
    expect(await becomesTrue(() => lab.isRunning('zk1'), 20_000)).toBe(true);
  });
});

test('one that fails in the middle of its start can be taken down: what has started is recorded', async () => {
  const lab = await createLab({ name: 'labtest-half', version: '3.9.6', servers: 3, keep: true });
  const { host, sshPort } = lab.server('zk2');
  const inTheWay = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => inTheWay.listen(sshPort, host, resolve));
  try {
    await expect(lab.start()).rejects.toThrow(/sshd for zk2 can't listen/);
    const pids = openLab('labtest-half')!.livePids();
    expect(pids).toHaveLength(2);
    expect(pids).toEqual(lab.livePids());
    await labDown('labtest-half');
    expect(lab.livePids()).toEqual([]);
    expect(existsSync(lab.directory)).toBe(false);
  } finally {
    inTheWay.close();
    await lab.destroy();
  }
});
