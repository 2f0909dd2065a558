/** Resizing by reconfiguration on a real ensemble under load. The whole matrix: `npm run proof -- resize`. */
import { assertNothingLost, assertNoTraces } from '../upgrade/claims';
import { Harness } from '../support/harness';
import { configuredMembers, filesOf, leaderOf } from './support/members';

const RUN_MS = 400_000;

describe('an ensemble of three with two spares', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.create({
      name: 'resize',
      version: '3.9.6',
      servers: 3,
      spares: 2,
      reconfig: true,
    });
  }, 120_000);

  afterAll(() => harness?.destroy(), 60_000);

  test(
    'grows to five and back to three, and nobody loses anything',
    async () => {
      await harness.startLoad();
      const grown = await harness.resize({ add: ['zk4', 'zk5'] });
      expect((await grown.report()).outcome).toBe('completed');
      expect(await configuredMembers(harness.lab)).toEqual({
        zk1: 'zk1 zk2 zk3 zk4 zk5',
        zk2: 'zk1 zk2 zk3 zk4 zk5',
        zk3: 'zk1 zk2 zk3 zk4 zk5',
        zk4: 'zk1 zk2 zk3 zk4 zk5',
        zk5: 'zk1 zk2 zk3 zk4 zk5',
      });

      harness.lab.setMembers(['zk1', 'zk2', 'zk3', 'zk4', 'zk5']);
      const shrunk = await harness.resize({ remove: ['zk4', 'zk5'] });
      expect((await shrunk.report()).outcome).toBe('completed');
      harness.lab.setMembers(['zk1', 'zk2', 'zk3']);
      expect(await configuredMembers(harness.lab)).toEqual({
        zk1: 'zk1 zk2 zk3',
        zk2: 'zk1 zk2 zk3',
        zk3: 'zk1 zk2 zk3',
      });

      assertNothingLost(await harness.checkLoad());
      await assertNoTraces(harness);
    },
    RUN_MS,
  );

  test(
    'the leader is replaced: once rejected at gate beforeRemove, which takes back what was done, then with the worker killed on the way, and wiped',
    async () => {
      await harness.startLoad();
      const leader = await leaderOf(harness.lab);
      const before = await configuredMembers(harness.lab);
      const request = { replace: { [leader]: 'zk4' }, wipe: true };

      const rejected = await harness.resize({
        ...request,
        gates: { beforeRemove: { mode: 'ask' } },
      });
      await rejected.atGate('beforeRemove', 240_000);
      expect((await configuredMembers(harness.lab)).zk4).toBe('zk1 zk2 zk3 zk4');
      await rejected.send('reject', { gate: 'beforeRemove', approver: 'tester' });
      expect((await rejected.report()).outcome).toBe('rolledBack');
      expect(await configuredMembers(harness.lab)).toEqual(before);
      expect(filesOf(harness.lab, 'zk4')).toEqual([]);

      const replaced = await harness.resize({ ...request, gates: { beforeWipe: { mode: 'ask' } } });
      await replaced.step('add/zk4/verifyJoiner', 'running', 120_000);
      await harness.replaceWorker();
      await replaced.atGate('beforeWipe', 240_000);
      await replaced.send('approve', { gate: 'beforeWipe', approver: 'tester' });
      const report = await replaced.report();
      expect(report.outcome).toBe('completed');

      const now = ['zk1', 'zk2', 'zk3', 'zk4'].filter((name) => name !== leader);
      expect(await configuredMembers(harness.lab)).toEqual(
        Object.fromEntries(now.map((name) => [name, now.join(' ')])),
      );
      expect(filesOf(harness.lab, leader)).toEqual([]);
      harness.lab.setMembers(now);
      assertNothingLost(await harness.checkLoad());
      await assertNoTraces(harness);
    },
    RUN_MS,
  );
});
