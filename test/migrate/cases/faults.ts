/** What may happen to a physical migration on its way, above all between the closing of one side and the opening of the other. */
import { strict as assert } from 'node:assert';
import { leaderOf } from '../../resize/support/members';
import { atEachBoundary } from '../../support/boundaries';
import { withTwoSides } from '../../support/twoSides';
import { assertNothingLost } from '../../upgrade/claims';
import type { Case } from '../../upgrade/cases/types';
import { assertClosed } from './physical';
import type { Versions } from './stretch';

const AUTO = { mode: 'auto' as const };
/** Each killed worker is noticed after ten seconds without a heartbeat. */
const LONG_MS = 600_000;

export const movedWhileWorkersDie = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, the worker killed at every boundary: one side serves in the end, nothing lost`,
  run: () =>
    withTwoSides({ name: 'move-killed', from, to }, async (sides) => {
      const { harness, source, target } = sides;
      // Longer than the ten seconds that it takes to notice each dead worker while nobody serves.
      await sides.startLoad({ sessionTimeoutMs: 60_000 });
      const run = await sides.start({ mode: 'physical', gates: { cutover: AUTO } });
      await run.approve('start');
      const complete = run.approve('complete', LONG_MS);
      const hit = await atEachBoundary(run, async () => {
        await harness.replaceWorker();
      });
      await complete;
      assert.ok(hit.length >= 8, `only ${hit.length} boundaries were hit: ${hit.join(' ')}`);
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assertNothingLost(await sides.check(target));
      await assertClosed(source);
    }),
});

/** Its last acknowledged writes may be in no stream: they are in the logs of the others. */
export const movedWhileLeaderDies = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, the source's leader killed as it is closed: nothing lost`,
  run: () =>
    withTwoSides({ name: 'move-leader', from, to }, async (sides) => {
      const { source, target } = sides;
      await sides.startLoad({ writesPerSecond: 1_000 });
      const run = await sides.start({ mode: 'physical', gates: { cutover: AUTO } });
      const leader = await leaderOf(source);
      await run.approve('start');
      await run.step('fenceServers/source', 'running');
      await source.killServer(leader);
      await run.approve('complete');
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assertNothingLost(await sides.check(target));
      await assertClosed(source);
    }),
});

/** The new side loses its leader before its clients have come, and once more after. */
export const movedWhileNewLeaderDies = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, the target's leader killed at gate complete, then back: nothing lost`,
  run: () =>
    withTwoSides({ name: 'move-target', from, to }, async (sides) => {
      const { source, target } = sides;
      await sides.startLoad();
      const run = await sides.start({ mode: 'physical', gates: { cutover: AUTO } });
      await run.approve('start');
      await run.atGate('complete');
      const leader = await leaderOf(target);
      await target.killServer(leader);
      await run.send('rollback', { by: 'tester' });
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      assertNothingLost(await sides.check(source));
      await assertClosed(target);
    }),
});
