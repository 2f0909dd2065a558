/**
 * Kafka and Curator go on working while their ensemble moves to another data centre. They know both sides beforehand,
 * so that none of them is restarted: each session must be found again on the new side, with all it holds.
 */
import { strict as assert } from 'node:assert';
import { assertNothingLost } from '../../upgrade/claims';
import { NEW, OLD, withHarness, type Case } from '../../upgrade/cases/types';
import { connectStringOf } from '../../resize/support/members';
import { OTHER_SIDE } from '../../migrate/cases/stretch';
import { withTwoSides, type TwoSides } from '../../support/twoSides';
import { atWork } from './atWork';

/** As by default: sessions may then last for the 18 s that a broker asks for, and must outlast the cut-over. */
const TICKS = { tickTime: '2000' };

export const stretched: Case = {
  name: `stretch ${OLD} → ${NEW}: Kafka and Curator go on`,
  run: () =>
    withHarness(
      {
        name: 'foreign-stretch',
        version: OLD,
        servers: 3,
        spares: 3,
        reconfig: true,
        otherSide: OTHER_SIDE,
      },
      async (harness) => {
        const { lab } = harness;
        const fresh = lab.servers.filter(({ spare }) => spare);
        await atWork(harness, connectStringOf(lab.servers), async () => {
          await harness.startLoadOfFile();
          const run = await harness.startMigration({
            mode: 'stretch',
            target: OTHER_SIDE,
            version: NEW,
          });
          await run.approve('start');
          await run.approve('cutover');
          await run.approve('complete');
          const report = await run.report();
          assert.equal(report.outcome, 'completed', report.text);
          lab.setMembers(fresh.map(({ name }) => name));
          assertNothingLost(await harness.checkLoad());
        });
      },
    ),
};

export const moved: Case = {
  name: `physical ${OLD} → ${NEW}: Kafka and Curator go on`,
  run: () =>
    withTwoSides(
      { name: 'foreign-physical', from: OLD, to: NEW, settings: TICKS },
      async (sides) => {
        const { harness, source, target } = sides;
        const both = connectStringOf([...source.members, ...target.members]);
        const onNewSide = () => target.members;
        await atWork(harness, both, () => moveAsItIs(sides), onNewSide);
      },
    ),
};

async function moveAsItIs(sides: TwoSides): Promise<void> {
  await sides.startLoad();
  const run = await sides.start({ mode: 'physical' });
  await run.approve('start');
  await run.approve('cutover');
  await run.approve('complete');
  const report = await run.report();
  assert.equal(report.outcome, 'completed', report.text);
  assertNothingLost(await sides.check(sides.target));
}
