/** What may happen to a migration on its way, above all between the closing of one side and the opening of the other. */
import { strict as assert } from 'node:assert';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import type { Lab } from '../../../src/lab/lab';
import type { Phase } from '../../../src/model/plan';
import { leaderAmong, leaderOf } from '../../resize/support/members';
import { atEachBoundary, atEachPhase } from '../../support/boundaries';
import { killHost } from '../../support/deadHost';
import { withTwoSides, type TwoSides } from '../../support/twoSides';
import { until } from '../../support/until';
import { assertNothingLost } from '../../upgrade/claims';
import type { Case } from '../../upgrade/cases/types';
import { assertCopied } from './logical';
import { assertClosed, assertNoTracesOn, wroteMore } from './physical';
import type { Versions } from './stretch';

const AUTO = { mode: 'auto' as const };
/** Servers that let sessions be longer than it takes to notice one dead worker after the other. */
const LONG_SESSION_MS = 300_000;
const PATIENT = {
  ...{ tickTime: '500', initLimit: '20', syncLimit: '6' },
  maxSessionTimeout: String(LONG_SESSION_MS),
};
/** Each killed worker is noticed after ten seconds without a heartbeat. */
const LONG_MS = 600_000;
/** Steps that end while a worker is being replaced are met as one; the slower the machine, the more. */
const LEAST_BOUNDARIES = 6;

export const movedWhileWorkersDie = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, the worker killed at every boundary: one side serves in the end, nothing lost`,
  run: () =>
    withTwoSides({ name: 'move-killed', from, to, settings: PATIENT }, async (sides) => {
      const { harness, source, target } = sides;
      await sides.startLoad({ sessionTimeoutMs: LONG_SESSION_MS });
      const run = await sides.start({ mode: 'physical', gates: { cutover: AUTO } });
      await run.approve('start');
      const complete = run.approve('complete', LONG_MS);
      const hit = await atEachBoundary(run, async () => {
        await harness.replaceWorker();
      });
      await complete;
      assert.ok(
        hit.length >= LEAST_BOUNDARIES,
        `only ${hit.length} boundaries were hit: ${hit.join(' ')}`,
      );
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

const LATE_WRITES = 50;

/** Its own clients come later; others know the new addresses already, and write before anything is proven. */
export const movedWhileNewHostDies = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, a new host dies before the new side is proven, and clients write there: taken back with what they wrote`,
  run: () =>
    withTwoSides({ name: 'move-unproven', from, to, settings: PATIENT }, async (sides) => {
      const { source, target } = sides;
      await sides.startLoad({ sessionTimeoutMs: LONG_SESSION_MS });
      const run = await sides.start({
        ...{ mode: 'physical', gates: { cutover: AUTO }, settleTimeoutMs: 20_000 },
      });
      await run.approve('start');
      const [dead, ...others] = target.members;
      await until('the new servers run', () => target.isRunning(dead!.name) || undefined, LONG_MS);
      await killHost(target, dead!.name);
      const written = await writtenTo(others);
      await run.until(
        'the old side serves, and only the dead host is waited for',
        ({ plan, paused }) =>
          paused !== undefined &&
          plan!.steps.some(
            ({ id, state }) => id === 'rollback/verifyBroughtBack/source' && state === 'done',
          ),
        LONG_MS,
      );
      await target.startSsh();
      await run.send('resume', { by: 'tester' });
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      assertNothingLost(await sides.check(source));
      await assertClosed(target);
      const session = await createZooKeeperAdapter().openSession({ servers: source.members });
      try {
        for (const path of written) assert.ok(await session.exists(path), `${path} is lost`);
      } finally {
        await session.close();
      }
    }),
});

/** Paths of nodes that these servers have acknowledged, from the first moment on in which they do. */
async function writtenTo(servers: Lab['members']): Promise<string[]> {
  const written: string[] = [];
  const session = await createZooKeeperAdapter().openSession({ servers });
  try {
    while (written.length < LATE_WRITES) {
      const path = `/late-${written.length}`;
      await session.create(path, Buffer.from(path));
      written.push(path);
    }
  } finally {
    await session.close();
  }
  return written;
}

/** Nobody tells the worker what comes next, while no side serves. */
export const movedWhileTemporalDies = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, Temporal killed between fence and open: goes on by itself, nothing lost`,
  run: () =>
    withTwoSides({ name: 'move-temporal', from, to, settings: PATIENT }, async (sides) => {
      const { harness, source, target } = sides;
      await sides.startLoad({ sessionTimeoutMs: LONG_SESSION_MS });
      const run = await sides.start({ mode: 'physical', gates: { cutover: AUTO } });
      await run.approve('start');
      await run.step('reconcileTail/source', 'running');
      await harness.temporal.kill();
      await harness.temporal.restart();
      await run.approve('complete', LONG_MS);
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assertNothingLost(await sides.check(target));
      await assertClosed(source);
    }),
});

/** All the way over, with nobody but at its start and end, whatever is killed in each phase. */
const carriedWhile = (
  mode: 'physical' | 'logical',
  { from, to }: Versions,
  what: string,
  disturb: (sides: TwoSides, phase: Phase) => Promise<void>,
): Case => ({
  name: `${mode} ${from} → ${to}, ${what}: completes by itself, nothing lost`,
  run: () =>
    withTwoSides(
      { name: `${mode}-phases`, from, to, settings: PATIENT, lives: mode === 'logical' },
      async (sides) => {
        const { source, target } = sides;
        const sessionTimeoutMs = mode === 'logical' ? 4_000 : LONG_SESSION_MS;
        await sides.startLoad({ sessionTimeoutMs });
        const run = await sides.start({ mode, gates: { cutover: AUTO } });
        await run.approve('start');
        const complete = run.approve('complete', LONG_MS);
        const hit = await atEachPhase(run, (phase) => disturb(sides, phase));
        await complete;
        assert.ok(hit.length >= 6, `only these phases were hit: ${hit.join(' ')}`);
        const report = await run.report();
        assert.equal(report.outcome, 'completed', report.text);
        const check = await sides.check(target);
        if (mode === 'logical') return assertCopied(check);
        assertNothingLost(check);
        await assertClosed(source);
      },
    ),
});

export const carriedWhileTemporalDies = (mode: 'physical' | 'logical', versions: Versions): Case =>
  carriedWhile(mode, versions, 'Temporal killed in every phase', async ({ harness }) => {
    await harness.temporal.kill();
    await harness.temporal.restart();
  });

const CLOSING: readonly Phase[] = ['fence', 'drain', 'open'];

/** Between fence and open they die in cases of their own. */
export const carriedWhileLeadersDie = (mode: 'physical' | 'logical', versions: Versions): Case =>
  carriedWhile(mode, versions, 'the leader killed in every other phase', async (sides, phase) => {
    if (CLOSING.includes(phase)) return;
    const side = ['redirect', 'watch', 'retire'].includes(phase) ? sides.target : sides.source;
    const leader = await leaderAmong(side.members);
    await side.killServer(leader);
    await side.startServer(leader);
  });

export const copiedWhileWorkersDie = ({ from, to }: Versions): Case => ({
  name: `logical ${from} → ${to} and back from gate complete, the worker killed at every boundary: nothing lost`,
  run: () =>
    withTwoSides({ name: 'copy-killed', from, to, lives: true }, async (sides) => {
      const { harness, source } = sides;
      await sides.startLoad({ sessionTimeoutMs: 4_000 });
      const before = sides.clientSays;
      const run = await sides.start({ mode: 'logical', gates: { cutover: AUTO } });
      await run.approve('start');
      const kill = async () => {
        await harness.replaceWorker();
      };
      const there = await atEachBoundary(run, kill, ({ gate }) => gate?.gate === 'complete');
      assert.ok(
        there.length >= LEAST_BOUNDARIES,
        `only ${there.length} boundaries were hit: ${there.join(' ')}`,
      );
      await wroteMore(sides);
      await run.send('rollback', { by: 'tester' });
      const back = await atEachBoundary(run, kill);
      assert.ok(
        back.length >= LEAST_BOUNDARIES,
        `only ${back.length} boundaries were hit: ${back.join(' ')}`,
      );
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      assert.equal(sides.clientSays, before);
      assertCopied(await sides.check(source));
      await assertNoTracesOn(source);
    }),
});

/** The leader that is followed, and the one that is written to, both while nobody serves clients. */
export const copiedWhileLeadersDie = ({ from, to }: Versions): Case => ({
  name: `logical ${from} → ${to}, both leaders killed between fence and open: nothing lost`,
  run: () =>
    withTwoSides({ name: 'copy-leaders', from, to, lives: true }, async (sides) => {
      const { source, target } = sides;
      await sides.startLoad({ sessionTimeoutMs: 4_000, writesPerSecond: 1_000 });
      const run = await sides.start({ mode: 'logical', gates: { cutover: AUTO } });
      const leaders = { old: await leaderOf(source), new: await leaderOf(target) };
      await run.approve('start');
      await run.step('fenceServers/source', 'running');
      await source.killServer(leaders.old);
      await run.step('drainTrees/source', 'running');
      await target.killServer(leaders.new);
      await target.startServer(leaders.new);
      await run.approve('complete', LONG_MS);
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assertCopied(await sides.check(target));
    }),
});
