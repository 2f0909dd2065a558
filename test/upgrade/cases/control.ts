/** People steer a run: pause, resume, reject, let a gate time out, roll back. */
import { strict as assert } from 'node:assert';
import type { StatusDocument } from '../../../src/model/status';
import {
  assertAllRun,
  assertNothingLost,
  assertNoTraces,
  assertRolledBack,
  assertUpgraded,
  configurationOf,
  ended,
} from '../claims';
import { NEW, OLD, withHarness, type Case } from './types';

const doneServers = ({ plan }: StatusDocument): number =>
  plan?.steps.filter((step) => step.activity === 'verifyQuorum' && step.state === 'done').length ??
  0;

/** Nothing changes for `pauseMs` while paused, and the run goes on afterwards. */
export const paused = (pauseMs: number): Case => ({
  name: `paused for ${pauseMs / 1000} s and resumed`,
  run: () =>
    withHarness({ name: 'paused', version: OLD }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW });
      await run.until('the first server upgraded', (status) => doneServers(status) >= 1);
      await run.send('pause', { by: 'tester' });
      const at = await run.until(
        'paused',
        ({ state, headline }) => state === 'paused' && headline.startsWith('paused'),
      );
      const before = at.plan!.steps.map(({ state }) => state);
      const since = Date.now();
      await run.until('the pause has lasted', () => Date.now() - since >= pauseMs, pauseMs + 5_000);
      const after = await run.status();
      assert.deepEqual(
        after?.plan?.steps.map(({ state }) => state),
        before,
      );
      await run.send('resume', { by: 'tester' });
      await assertUpgraded(harness, await ended(harness, run), NEW);
    }),
});

export const rolledBack = (after: 'first server' | 'all followers' | 'before finalize'): Case => ({
  name: `rolled back: ${after}`,
  run: () =>
    withHarness({ name: `back-${after.replace(' ', '-')}`, version: OLD }, async (harness) => {
      await harness.startLoad();
      const before = configurationOf(harness);
      const run = await harness.upgrade({
        version: NEW,
        gates: {
          beforeLeader: { mode: after === 'all followers' ? 'ask' : 'auto' },
          finalize: { mode: 'ask' },
        },
      });
      if (after === 'first server')
        await run.until('one server done', (status) => doneServers(status) >= 1);
      else await run.atGate(after === 'all followers' ? 'beforeLeader' : 'finalize');
      await run.send('rollback', { by: 'tester' });
      const end = await ended(harness, run);
      await assertRolledBack(harness, end, OLD, before);
      const expectation = end.report.planned.longestWriteGapMs;
      assert.ok(
        end.report.availability.longestGapMs <= Math.max(expectation, 5_000),
        `a write gap of ${end.report.availability.longestGapMs} ms`,
      );
    }),
});

export const rejectedAt = (gate: 'start' | 'beforeLeader' | 'finalize'): Case => ({
  name: `gate ${gate} rejected`,
  run: () =>
    withHarness({ name: `reject-${gate.toLowerCase()}`, version: OLD }, async (harness) => {
      await harness.startLoad();
      const before = configurationOf(harness);
      const run = await harness.startUpgrade({
        version: NEW,
        gates: {
          beforeLeader: { mode: gate === 'beforeLeader' ? 'ask' : 'auto' },
          finalize: { mode: 'ask' },
        },
      });
      if (gate !== 'start') await run.approve('start');
      await run.atGate(gate);
      await run.send('reject', { gate, approver: 'tester', comment: 'not today' });
      const end = await ended(harness, run);
      if (gate === 'start') {
        assert.equal(end.report.outcome, 'rejected');
        assert.equal(end.report.serverRestarts, 0);
        await assertAllRun(harness, OLD);
        assertNothingLost(end.check);
        await assertNoTraces(harness);
      } else await assertRolledBack(harness, end, OLD, before);
    }),
});

/** A timeout never approves: it ends the run, or takes it back, or goes on waiting. */
export const gateTimedOut = (onTimeout: 'abort' | 'rollback' | 'wait'): Case => ({
  name: `gate times out: ${onTimeout}`,
  run: () =>
    withHarness({ name: `timeout-${onTimeout}`, version: OLD }, async (harness) => {
      await harness.startLoad();
      const before = configurationOf(harness);
      const run = await harness.upgrade({
        version: NEW,
        gates: { beforeLeader: { timeoutMs: 3_000, onTimeout }, finalize: { mode: 'auto' } },
      });
      const at = await run.atGate('beforeLeader');
      if (onTimeout === 'wait') {
        const opened = Date.parse(at.gate!.openedAt);
        const later = await run.until('past the timeout', () => Date.now() - opened > 6_000);
        assert.equal(later.gate?.gate, 'beforeLeader');
        await run.send('approve', { gate: 'beforeLeader', approver: 'tester' });
        await assertUpgraded(harness, await ended(harness, run), NEW);
      } else if (onTimeout === 'rollback')
        await assertRolledBack(harness, await ended(harness, run), OLD, before);
      else {
        await assert.rejects(run.report(), (error: Error) =>
          /GateTimedOut|timed out/.test(String(error.cause)),
        );
        assertNothingLost(await harness.checkLoad());
        await assertNoTraces(harness);
      }
    }),
});

/** Cancelling the workflow is no way to leave a half-done upgrade behind. */
export const cancelled: Case = {
  name: 'workflow cancelled after the first server: taken back',
  run: () =>
    withHarness({ name: 'cancelled', version: OLD }, async (harness) => {
      await harness.startLoad();
      const before = configurationOf(harness);
      const run = await harness.upgrade({ version: NEW });
      await run.until('the first server upgraded', (status) => doneServers(status) >= 1);
      await run.handle.cancel();
      await assert.rejects(run.report());
      const status = await run.until('the end', ({ report }) => report !== undefined);
      await assertRolledBack(
        harness,
        { report: status.report!, check: await harness.checkLoad() },
        OLD,
        before,
      );
    }),
};

/** A run longer than one history goes on in the next without forgetting anything. */
export const continuedAsNew: Case = {
  name: 'history grows too long: the run goes on in a new one',
  run: () =>
    withHarness(
      {
        name: 'continued',
        version: OLD,
        dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 60 },
      },
      async (harness) => {
        await harness.startLoad();
        const run = await harness.upgrade({ version: NEW });
        const end = await ended(harness, run);
        await assertUpgraded(harness, end, NEW);
        assert.equal(end.report.serverRestarts, 3);
        const { firstExecutionRunId } = run.handle as { firstExecutionRunId?: string };
        const { runId } = await run.handle.describe();
        assert.notEqual(runId, firstExecutionRunId);
      },
    ),
};

export const controlCases: Case[] = [
  cancelled,
  continuedAsNew,
  paused(60_000),
  rolledBack('first server'),
  rolledBack('all followers'),
  rolledBack('before finalize'),
  rejectedAt('start'),
  rejectedAt('beforeLeader'),
  rejectedAt('finalize'),
  gateTimedOut('abort'),
  gateTimedOut('rollback'),
  gateTimedOut('wait'),
];
