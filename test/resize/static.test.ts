/** Resizing by files and restarts, where servers do not take reconfiguration. */
import { assertNothingLost, assertNoTraces } from '../upgrade/claims';
import { Harness } from '../support/harness';
import { listsOnDisk } from './support/members';

const RUN_MS = 500_000;

describe.each(['3.9.6', '3.4.14'])('an ensemble of three on %s with a spare', (version) => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.create({ name: 'resize-files', version, servers: 3, spares: 1 });
  }, 120_000);

  afterAll(() => harness?.destroy(), 60_000);

  test(
    'grows to four and back to three, one restart at a time, and nobody loses anything',
    async () => {
      await harness.startLoad();
      const grown = await harness.resize({ add: ['zk4'] });
      const { outcome, leaderRestarts } = await grown.report(400_000);
      expect(outcome).toBe('completed');
      expect(leaderRestarts).toBe(1);
      const four = 'zk1 zk2 zk3 zk4';
      expect(listsOnDisk(harness.lab)).toEqual({ zk1: four, zk2: four, zk3: four, zk4: four });

      harness.lab.setMembers(['zk1', 'zk2', 'zk3', 'zk4']);
      const shrunk = await harness.resize({ remove: ['zk4'] });
      expect((await shrunk.report(400_000)).outcome).toBe('completed');
      harness.lab.setMembers(['zk1', 'zk2', 'zk3']);
      const three = 'zk1 zk2 zk3';
      expect(listsOnDisk(harness.lab)).toMatchObject({ zk1: three, zk2: three, zk3: three });

      assertNothingLost(await harness.checkLoad());
      await assertNoTraces(harness);
    },
    RUN_MS,
  );
});
