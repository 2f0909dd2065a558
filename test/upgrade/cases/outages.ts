/** Other parts fail in mid-run: Temporal, the server that is being upgraded, the leader. */
import { strict as assert } from 'node:assert';
import { assertUpgraded, ended } from '../claims';
import { NEW, OLD, withHarness, type Case } from './types';

export const temporalRestarted: Case = {
  name: 'Temporal server killed and restarted in mid-run',
  run: () =>
    withHarness({ name: 'temporal-down', version: OLD }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW });
      await run.until('the first server stopped', ({ plan }) =>
        Boolean(
          plan?.steps.some((step) => step.activity === 'stopServer' && step.state === 'done'),
        ),
      );
      await harness.temporal.kill();
      await harness.temporal.restart();
      await assertUpgraded(harness, await ended(harness, run), NEW);
    }),
};

/** The server in hand dies right after it was started, when nobody else would start it again. */
export const ownServerDies = (activity: 'verifyQuorum' | 'soak'): Case => ({
  name: `the upgraded server dies during ${activity}`,
  run: () =>
    withHarness({ name: `own-dies-${activity.toLowerCase()}`, version: OLD }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW, soakMs: 3_000 });
      const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
      const step = plan!.steps.find((candidate) => candidate.activity === activity)!;
      await run.step(step.id, 'running');
      await harness.lab.killServer(step.server!);
      const end = await ended(harness, run);
      await assertUpgraded(harness, end, NEW);
    }),
});

export const leaderMoved: Case = {
  name: 'the leader changes in mid-run, the plan follows',
  run: () =>
    withHarness({ name: 'leader-moves', version: OLD }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW, soakMs: 8_000 });
      const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
      const first = plan!.steps.find((step) => step.activity === 'soak')!;
      await run.step(first.id, 'running');
      const leader = await harness.lab.leader();
      // Its process restarts at once: a leader change without a member missing for long.
      await harness.lab.killServer(leader!);
      await harness.lab.startServer(leader!);
      const end = await ended(harness, run);
      await assertUpgraded(harness, end, NEW);
      assert.ok(end.report.leaderChanges >= 1);
    }),
};

export const outageCases: Case[] = [
  temporalRestarted,
  ownServerDies('verifyQuorum'),
  ownServerDies('soak'),
  leaderMoved,
];
