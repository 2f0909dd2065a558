import { createZooKeeperAdapter, ownerAcl, zooKeeperCode } from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import { signalProcess } from '../../src/lab/processes';
import type { SessionOptions, ZkSession } from '../../src/model/ports';
import { freeze } from '../support/freeze';
import { AUTH, addressOf, addressesOf, CREDENTIAL, eventually, startLab } from './support';

const zookeeper = createZooKeeperAdapter();

async function codeOf(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
  } catch (error) {
    return zooKeeperCode(error) ?? String(error);
  }
  return undefined;
}

describe.each(['3.4.14', '3.9.6'])('a session on %s', (version) => {
  let lab: Lab;
  let session: ZkSession;
  const open = (options: Partial<SessionOptions> = {}): Promise<ZkSession> =>
    zookeeper.openSession({ servers: addressesOf(lab), auth: AUTH, ...options });

  beforeAll(async () => {
    lab = await startLab({ name: `session${version.replaceAll('.', '')}`, version, servers: 3 });
    session = await open();
  });
  afterAll(async () => {
    await session?.close();
    await lab?.destroy();
  });

  test('creates, reads, writes, lists and deletes, with exact zxids as hex', async () => {
    await session.create('/t', Buffer.from([0, 255, 1]));
    const { data, stat } = await session.get('/t');
    expect(data).toEqual(Buffer.from([0, 255, 1]));
    expect(stat.czxid).toMatch(/^0x[1-9a-f][0-9a-f]{8,15}$/);
    expect(stat).toMatchObject({ mzxid: stat.czxid, version: 0, ephemeralOwner: '0x0' });
    const after = await session.set('/t', Buffer.from('x'), 0);
    expect(BigInt(after.mzxid)).toBeGreaterThan(BigInt(stat.mzxid));
    await session.create('/t/e-', Buffer.alloc(0), { ephemeral: true, sequential: true });
    expect(await session.children('/t')).toEqual(['e-0000000000']);
    expect((await session.exists('/t/e-0000000000'))?.ephemeralOwner).toBe(session.sessionId);
    expect((await session.get('/t/e-0000000000')).data).toEqual(Buffer.alloc(0));
    expect(await session.exists('/nowhere')).toBeNull();
    await session.delete('/t/e-0000000000');
    await session.sync('/t');
    await session.delete('/t');
  });

  test('refusals carry their code and are not retryable', async () => {
    await session.create('/r', Buffer.alloc(0));
    expect(await codeOf(() => session.create('/r', Buffer.alloc(0)))).toBe('NodeExists');
    expect(await codeOf(() => session.set('/r', Buffer.alloc(0), 7))).toBe('BadVersion');
    expect(await codeOf(() => session.get('/nowhere'))).toBe('NoNode');
    await session.create('/r/c', Buffer.alloc(0));
    expect(await codeOf(() => session.delete('/r'))).toBe('NotEmpty');
    await expect(session.get('/nowhere')).rejects.toMatchObject({
      type: 'ZooKeeperRequestFailed',
      retryable: false,
    });
    await session.delete('/r/c');
    await session.delete('/r');
  });

  test('ACLs are read back as they were set, and a missing znode does not crash anything', async () => {
    await session.create('/acl', Buffer.alloc(0));
    await session.setAcl('/acl', ownerAcl(CREDENTIAL));
    expect(await session.getAcl('/acl')).toEqual(ownerAcl(CREDENTIAL));
    expect(await codeOf(() => session.getAcl('/nowhere'))).toBe('NoNode');
    const stranger = await open({ auth: [] });
    await expect(stranger.get('/acl')).rejects.toMatchObject({ type: 'ZooKeeperAuthFailed' });
    await stranger.close();
    await session.delete('/acl');
  });

  test('an unknown authentication scheme is refused', async () => {
    await expect(open({ auth: [{ scheme: 'nonsense', credential: 'x' }] })).rejects.toMatchObject({
      type: 'ZooKeeperAuthFailed',
    });
  });

  test('a request to a frozen server ends at its deadline, and so does closing', async () => {
    const frozen = addressOf(lab.server('zk1'));
    const stuck = await open({ servers: [frozen], operationTimeoutMs: 400 });
    const process = lab.serverProcess('zk1')!;
    await freeze(process.pid);
    try {
      const started = Date.now();
      const failure = await stuck.get('/').catch((error: unknown) => error);
      expect(failure).toMatchObject({ type: 'ZooKeeperUnavailable', retryable: true });
      expect(zooKeeperCode(failure)).toBe('OperationTimeout');
      const pending = codeOf(() => stuck.get('/'));
      await stuck.close();
      expect(await pending).toMatch(/^(Closing|OperationTimeout)$/);
      expect(await codeOf(() => stuck.get('/'))).toBe('Closing');
      expect(Date.now() - started).toBeLessThan(3_000);
    } finally {
      signalProcess(process, 'SIGCONT');
    }
    await eventually('all serve again', async () => {
      const probe = await zookeeper.probe(frozen, { timeoutMs: 500 });
      return probe.state === 'serving';
    });
  });

  test('where nothing listens, opening gives up in time; an abort is quicker', async () => {
    const nobody = { host: lab.server('zk1').host, clientPort: 1 };
    await expect(open({ servers: [nobody], connectTimeoutMs: 300 })).rejects.toMatchObject({
      type: 'ZooKeeperUnavailable',
      retryable: true,
    });
    const abort = new AbortController();
    const opening = open({ servers: [nobody], signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  test('a lost connection is waited for within the deadline, the session goes on', async () => {
    const following = await eventually('a follower', async () => {
      for (const server of lab.members) {
        if ((await zookeeper.probe(addressOf(server))).role === 'follower') return server;
      }
      return undefined;
    });
    const others = lab.members.filter(({ name }) => name !== following.name).map(addressOf);
    const own = await open({ servers: [addressOf(following), ...others] });
    await lab.killServer(following.name);
    await eventually('a read after the loss', async () => (await own.exists('/')) !== null);
    await own.close();
    await lab.startServer(following.name);
    await lab.waitServing();
  });

  test('a session that expires says so, and refuses what comes after', async () => {
    const [first] = lab.members;
    const own = await open({ servers: [addressOf(first!)], sessionTimeoutMs: 4_000 });
    await own.create('/of-the-expiring', Buffer.alloc(0), { ephemeral: true });
    await lab.stopServer(first!.name);
    await eventually(
      'the others expire the session',
      async () => (await session.exists('/of-the-expiring')) === null,
    );
    await lab.startServer(first!.name);
    await expect(own.ended).resolves.toBe('expired');
    expect(await codeOf(() => own.get('/'))).toBe('SessionExpired');
    await own.close();
    await lab.waitServing();
  });
});
