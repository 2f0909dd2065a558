/** Resizing by reconfiguration on a real ensemble under load. The whole matrix: `npm run proof -- resize`. */
import { assertNothingLost, assertNoTraces } from '../upgrade/claims';
import { Harness } from '../support/harness';
import { configuredMembers } from './support/members';

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
});
