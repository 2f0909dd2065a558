/** The one hop that has a point of no return: 3.4 can not read what a 3.5 leader may write. */
import { strict as assert } from 'node:assert';
import {
  assertAllRun,
  assertNothingLost,
  assertRolledBack,
  assertUpgraded,
  configurationOf,
  ended,
} from '../claims';
import { NEW, withHarness, type Case } from './types';

const FROM = '3.4.14';
const ACROSS = '3.5.10';
const auto = { beforeLeader: { mode: 'auto' }, finalize: { mode: 'auto' } } as const;

export const from34BackInTime: Case = {
  name: `${FROM} to ${ACROSS}: rolled back after the first follower`,
  run: () =>
    withHarness({ name: 'from34-back', version: FROM }, async (harness) => {
      await harness.startLoad();
      const before = configurationOf(harness);
      const run = await harness.upgrade({ version: ACROSS, gates: auto });
      const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
      assert.match(plan!.rollbackLimit ?? '', /gate beforeLeader/);
      const first = plan!.steps.find(({ activity }) => activity === 'soak')!;
      const at = await run.step(first.id, 'done', 180_000);
      assert.equal(at.rollback.possible, true);
      await run.send('rollback', { by: 'tester' });
      const end = await ended(harness, run);
      await assertRolledBack(harness, end, FROM, before);
    }),
};

export const from34PastNoReturn: Case = {
  name: `${FROM} to ${ACROSS}: asks before the leader although the input says auto, and refuses to go back afterwards`,
  run: () =>
    withHarness({ name: 'from34-past', version: FROM }, async (harness) => {
      await harness.startLoad();
      // The gate that ends everything stays closed, so that the run is still there to be asked.
      const run = await harness.upgrade({
        version: ACROSS,
        gates: { beforeLeader: { mode: 'auto' }, finalize: { mode: 'ask' } },
      });
      const at = await run.atGate('beforeLeader', 240_000);
      assert.match(at.gate!.why, /3\.4\.14 cannot read/);
      assert.equal(at.rollback.possible, true);
      assert.ok(at.events.some(({ text }) => /asks although the input says auto/.test(text)));
      const leader = await harness.lab.leader();
      const stop = at.plan!.steps.find(
        ({ activity, server }) => activity === 'stopServer' && server === leader,
      )!;
      await run.send('approve', { gate: 'beforeLeader', approver: 'tester' });

      // From the moment the last 3.4 leader stops, not only once somebody has seen the new one.
      await run.step(stop.id, 'running');
      const refusal = await refused(run.send('rollback', { by: 'tester' }));
      assert.match(refusal, /3\.4 cannot read/);
      assert.match(refusal, /go forward instead/);

      const done = await run.atGate('finalize', 240_000);
      assert.equal(done.rollback.possible, false);
      assert.match(done.rollback.reason, /3\.4 cannot read/);
      assert.ok(!done.nextActions.some(({ action }) => action === 'rollback'));
      await refused(run.send('rollback', { by: 'tester' }));
      await run.send('approve', { gate: 'finalize', approver: 'tester' });
      await assertUpgraded(harness, await ended(harness, run), ACROSS);
    }),
};

/** A gate can be refused where there is no way back: the run must not end half-way, it asks again. */
export const from34RejectedPastNoReturn: Case = {
  name: `${FROM} to ${ACROSS}: finalize refused after the point of no return holds the run`,
  run: () =>
    withHarness({ name: 'from34-held', version: FROM }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({
        version: ACROSS,
        gates: { beforeLeader: { mode: 'auto' }, finalize: { mode: 'ask' } },
      });
      await run.approve('beforeLeader', 240_000);
      await run.atGate('finalize', 240_000);
      await run.send('reject', { gate: 'finalize', approver: 'tester' });
      const held = await run.until('held', ({ state }) => state === 'paused');
      assert.equal(held.error?.type, 'RollbackRefused');
      await assertAllRun(harness, ACROSS);
      await run.send('resume', { by: 'tester' });
      await run.approve('finalize');
      await assertUpgraded(harness, await ended(harness, run), ACROSS);
    }),
};

export const from34ToNewest: Case = {
  name: `${FROM} to ${NEW} over every release line`,
  run: () =>
    withHarness({ name: 'from34-newest', version: FROM }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW, gates: auto });
      const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
      assert.deepEqual(
        plan!.hops.map(({ to }) => to),
        ['3.5.10', '3.6.4', '3.7.2', '3.8.6', NEW],
      );
      await run.approve('beforeLeader', 240_000);
      const end = await ended(harness, run, 900_000);
      assertNothingLost(end.check);
      await assertUpgraded(harness, end, NEW);
      assert.equal(end.report.serverRestarts, 15);
      assert.equal(end.report.leaderRestarts, 5);
    }),
};

/** What the run answered to an update it refused. */
async function refused(update: Promise<unknown>): Promise<string> {
  const error = await update.then(
    () => undefined,
    (reason: Error & { cause?: Error & { type?: string } }) => reason,
  );
  assert.ok(error, 'the update was accepted');
  assert.equal(error.cause?.message === undefined, false);
  return error.cause!.message;
}

export const from34Cases: Case[] = [
  from34BackInTime,
  from34PastNoReturn,
  from34RejectedPastNoReturn,
  from34ToNewest,
];
