/** A tree moved into an ensemble that lives already, under load. */
import { strict as assert } from 'node:assert';
import { connectStringOf } from '../../resize/support/members';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import { throughFence } from '../../../src/adapters/zookeeper/passage';
import type { CheckResult } from '../../../src/lab/check/checkLoad';
import { liveStatus } from '../../support/liveStatus';
import { until } from '../../support/until';
import { withTwoSides } from '../../support/twoSides';
import type { Case } from '../../upgrade/cases/types';
import { assertNoTracesOn, thereAndBack } from './physical';
import type { Versions } from './stretch';

/** Sessions cannot be carried over: that they end, and their ephemerals with them, is what was asked for. */
const OF_SESSIONS = /session|ephemeral|read went backwards/i;

export const copied = ({ from, to, newServers = 3 }: Versions): Case => ({
  name: `logical ${from} → ${to}, 3 → ${newServers} servers: nothing lost, sequence numbers go on, sessions end on purpose`,
  run: () =>
    withTwoSides({ name: 'logical', from, to, newServers, lives: true }, async (sides) => {
      const { target } = sides;
      await sides.startLoad({ sessionTimeoutMs: 4_000 });
      const run = await sides.start({ mode: 'logical' });
      await run.approve('start');
      await run.approve('cutover');
      await run.approve('complete');
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assert.ok(sides.clientSays.includes(connectStringOf(target.members)), sides.clientSays);
      assertCopied(await sides.check(target));
      assert.match(report.text, /sessions ended with the old side, on purpose: (?!0$)\d+/m);
    }),
});

export const copiedAndBack = ({ from, to }: Versions): Case => ({
  name: `logical ${from} → ${to} and back with what was written there: nothing lost, files as they were`,
  run: () =>
    withTwoSides({ name: 'logical-back', from, to, lives: true }, async (sides) => {
      const { source } = sides;
      await sides.startLoad({ sessionTimeoutMs: 4_000 });
      await thereAndBack(sides, 'logical');
      assertCopied(await sides.check(source));
      await assertNoTracesOn(source);
    }),
});

/** As by clients that no inventory knows, while nobody looked after the rules. */
export const strayWriteTold = ({ from, to }: Versions): Case => ({
  name: `logical ${from} → ${to}: what was written to the closed side is told before gate complete`,
  run: () =>
    withTwoSides({ name: 'stray', from, to, lives: true }, async (sides) => {
      const { harness, source, target } = sides;
      await sides.startLoad({ sessionTimeoutMs: 4_000 });
      const run = await sides.start({ mode: 'logical', redirect: { pauseMs: 15_000 } });
      await run.approve('start');
      await run.approve('cutover');
      await run.step('redirect/1', 'running');
      // Until then the old side is made equal, whatever was there.
      await until(
        'the closed side to be followed',
        async () => {
          const { migration } = await liveStatus(harness, run.handle.workflowId);
          return migration?.beside.followTarget?.detail.startsWith('following') || undefined;
        },
        60_000,
      );
      const servers = source.members.map(throughFence);
      const session = await createZooKeeperAdapter().openSession({
        ...{ servers, connectTimeoutMs: 15_000 },
      });
      await session.create('/stray', Buffer.alloc(0));
      await session.close();
      const { migration } = await run.atGate('complete');
      assert.match(
        migration?.verified?.detail ?? '',
        /NOT EQUAL: 2 znodes .*\/ \(different\), \/stray \(onlyInTarget\)/,
      );
      await run.approve('complete');
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assertCopied(await sides.check(target));
    }),
});

/** Sessions aside, which have ended on purpose, all that was acknowledged is there. */
export function assertCopied(check: CheckResult): void {
  assert.equal(check.lostWrites, 0);
  assert.deepEqual(
    check.problems.filter((problem) => !OF_SESSIONS.test(problem)),
    [],
  );
  assert.ok(check.ackedWrites > 300, `only ${check.ackedWrites} writes`);
  // Zxids begin anew in another ensemble; what a register says must not.
  const older = check.analysis.readsBackwards.filter(
    ({ earlier, later }) => later.value < earlier.value,
  );
  assert.deepEqual(older, []);
}
