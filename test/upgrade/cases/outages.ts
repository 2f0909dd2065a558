/** Other parts fail in mid-run: Temporal, the server that is being upgraded, the leader. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { hostPaths } from '../../../src/lab/hostFiles';
import type { Harness } from '../../support/harness';
import { assertUpgraded, ended, versionsOf } from '../claims';
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

/** Something else holds the host's lock while another server dies: what was safe before is not any more. */
export const stopHeldUp: Case = {
  name: 'a stop that is held up looks again: none happens while another server is down',
  run: () =>
    withHarness({ name: 'held-up', version: OLD }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW, soakMs: 5_000 });
      const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
      const [first, second] = plan!.steps.filter(({ activity }) => activity === 'stopServer');
      const soak = plan!.steps.find(
        ({ activity, server }) => activity === 'soak' && server === first!.server,
      )!;
      await run.step(soak.id, 'running', 180_000);
      const host = harness.lab.members.find(({ name }) => name === second!.server)!;
      const lock = join(hostPaths(host.directory).state, harness.lab.name, host.name, 'lock');
      const holder = spawn('flock', [lock, 'sleep', '600'], { detached: true, stdio: 'ignore' });
      try {
        await run.step(second!.id, 'running', 60_000);
        await harness.lab.killServer(first!.server!);
      } finally {
        process.kill(-holder.pid!, 'SIGKILL');
      }
      // Eight attempts refuse, then the run is held; the other two serve all the while.
      const held = await run.until('held', ({ state }) => state === 'paused', 180_000);
      assert.match(held.error?.message ?? '', /may not be stopped now/);
      assert.equal(await serving(harness), 2);
      await harness.lab.startServer(first!.server!);
      await run.send('resume', { by: 'tester' });
      const end = await ended(harness, run);
      await assertUpgraded(harness, end, NEW);
      assert.ok(end.report.availability.longestGapMs < 5_000);
    }),
};

async function serving(harness: Harness): Promise<number> {
  const versions = Object.values(await versionsOf(harness));
  return versions.filter((version) => version !== undefined).length;
}

export const outageCases: Case[] = [
  stopHeldUp,
  temporalRestarted,
  ownServerDies('verifyQuorum'),
  ownServerDies('soak'),
  leaderMoved,
];
