import {
  acquireLock,
  breakLock,
  commitCanary,
  commitCanaryThrough,
  createZooKeeperAdapter,
  inspectLock,
  readCanaryFrom,
  releaseLock,
  removeCanary,
  verifyLock,
} from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import type { ZkSession } from '../../src/model/ports';
import { AUTH, addressOf, addressesOf, CREDENTIAL, startLab } from './support';

const zookeeper = createZooKeeperAdapter();
const place = { root: '/ops/zkferry', credential: CREDENTIAL };
const run = (runId: string) => ({
  runId,
  workflowId: `wf-${runId}`,
  strategy: 'rollingUpgrade',
  since: '2026-01-02T03:04:05.000Z',
});

describe.each(['3.4.14', '3.9.6'])('lock and canary on %s', (version) => {
  let lab: Lab;
  let session: ZkSession;
  let stranger: ZkSession;
  beforeAll(async () => {
    lab = await startLab({ name: `lock${version.replaceAll('.', '')}`, version, servers: 3 });
    session = await zookeeper.openSession({ servers: addressesOf(lab), auth: AUTH });
    stranger = await zookeeper.openSession({ servers: addressesOf(lab) });
  });
  afterAll(async () => {
    await session?.close();
    await stranger?.close();
    await lab?.destroy();
  });

  test('taking it twice is taking it once; releasing it leaves nothing behind', async () => {
    const held = await acquireLock(session, place, run('a'));
    expect(held.generation).toMatch(/^[0-9a-f]{16}$/);
    expect(await acquireLock(session, place, run('a'))).toEqual(held);
    expect(await verifyLock(session, place, { runId: 'a', ...held })).toEqual({ held: true });
    await releaseLock(session, place, 'a');
    await releaseLock(session, place, 'a');
    expect(await session.exists('/ops/zkferry')).toBeNull();
    expect(await verifyLock(session, place, { runId: 'a', ...held })).toMatchObject({
      held: false,
    });
  });

  test('a second run is refused, told who holds it, and leaves no trace', async () => {
    const { generation } = await acquireLock(session, place, run('a'));
    await expect(acquireLock(session, place, run('b'))).rejects.toMatchObject({
      type: 'EnsembleLocked',
      retryable: false,
      message: expect.stringMatching(/wf-a.*run a.*2026-01-02.*zkferry unlock/),
    });
    expect(await inspectLock(session, place)).toEqual([{ ...run('a'), generation, holds: true }]);
    await releaseLock(session, place, 'a');
  });

  test('of many at once exactly one gets it, and later runs have a higher generation', async () => {
    let before = '';
    for (let round = 0; round < 3; round += 1) {
      const ids = ['a', 'b', 'c', 'd', 'e'].map((id) => `${id}${round}`);
      const results = await Promise.allSettled(
        ids.map(async (id) => {
          const own = await zookeeper.openSession({ servers: addressesOf(lab), auth: AUTH });
          try {
            return { id, ...(await acquireLock(own, place, run(id))) };
          } finally {
            await own.close();
          }
        }),
      );
      const won = results.flatMap((result) =>
        result.status === 'fulfilled' ? [result.value] : [],
      );
      expect(won).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason.type).toBe('EnsembleLocked');
      }
      expect(won[0]!.generation > before).toBe(true);
      before = won[0]!.generation;
      expect(await inspectLock(session, place)).toMatchObject([{ runId: won[0]!.id, holds: true }]);
      await releaseLock(session, place, won[0]!.id);
    }
  });

  test('what a crash left half done is taken up: an empty, still open lock znode of this run', async () => {
    for (const path of ['/ops', '/ops/zkferry', '/ops/zkferry/lock', '/ops/zkferry/lock/a']) {
      if ((await session.exists(path)) === null) await session.create(path, Buffer.alloc(0));
    }
    await acquireLock(session, place, run('a'));
    expect(await inspectLock(session, place)).toMatchObject([run('a')]);
    await expect(stranger.get('/ops/zkferry/lock/a')).rejects.toMatchObject({
      type: 'ZooKeeperAuthFailed',
    });
    expect(await breakLock(session, place, 'a')).toBe(true);
    expect(await breakLock(session, place, 'a')).toBe(false);
  });

  test('a lock broken and taken by another run is noticed', async () => {
    const held = await acquireLock(session, place, run('a'));
    await breakLock(session, place, 'a');
    await acquireLock(session, place, run('b'));
    expect((await verifyLock(session, place, { runId: 'a', ...held })).held).toBe(false);
    await acquireLock(session, place, run('a')).catch(() => undefined);
    expect((await inspectLock(session, place)).map(({ runId }) => runId)).toEqual(['b']);
    await releaseLock(session, place, 'b');
  });

  test('a canary commits through each single server and is read from every other', async () => {
    for (const server of lab.members) {
      const { mzxid, latencyMs } = await commitCanaryThrough(
        zookeeper,
        { servers: [addressOf(server)], auth: AUTH },
        place,
      );
      expect(latencyMs).toBeGreaterThan(0);
      for (const other of lab.members) {
        const read = await readCanaryFrom(zookeeper, addressOf(other), { auth: AUTH }, place);
        expect(read?.mzxid).toBe(mzxid);
      }
    }
    await expect(stranger.get('/ops/zkferry/canary')).rejects.toMatchObject({
      type: 'ZooKeeperAuthFailed',
    });
    expect((await commitCanary(session, place)).mzxid).toMatch(/^0x/);
    await removeCanary(session, place);
    expect(await session.exists('/ops/zkferry')).toBeNull();
    expect(await session.exists('/ops')).not.toBeNull();
  });
});
