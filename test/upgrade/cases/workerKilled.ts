/** The worker dies by SIGKILL: at every boundary between steps, and inside the steps that change a server. */
import { strict as assert } from 'node:assert';
import { atEachBoundary } from '../../support/boundaries';
import type { StepActivity } from '../../../src/model/plan';
import { assertUpgraded, ended } from '../claims';
import { NEW, OLD, withHarness, type Case } from './types';

/** SIGKILL at each boundary of one run, the worker coming back each time. */
export const killedAtEveryBoundary: Case = {
  name: 'worker killed at every step boundary',
  run: () =>
    withHarness({ name: 'kill-each', version: OLD }, async (harness) => {
      await harness.startLoad();
      const run = await harness.upgrade({ version: NEW });
      const kills = await atEachBoundary(run, async () => void (await harness.replaceWorker()));
      const end = await ended(harness, run);
      await assertUpgraded(harness, end, NEW);
      assert.ok(kills.length >= 15, `only ${kills.length} boundaries were hit`);
    }),
};

/** SIGKILL while the given activity runs on the given place in the order (0: first follower, 2: leader of three). */
export const killedInside = (activity: StepActivity, place: number): Case => ({
  name: `worker killed inside ${activity} of server ${place + 1} in order`,
  run: () =>
    withHarness(
      { name: `kill-${activity.toLowerCase()}-${place}`, version: OLD },
      async (harness) => {
        await harness.startLoad();
        const run = await harness.upgrade({ version: NEW });
        const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
        const step = plan!.steps.filter((candidate) => candidate.activity === activity)[place]!;
        await run.step(step.id, 'running');
        await harness.replaceWorker();
        const end = await ended(harness, run);
        await assertUpgraded(harness, end, NEW);
        assert.equal(end.report.serverRestarts, 3);
      },
    ),
});

export const workerKilledCases: Case[] = [
  killedAtEveryBoundary,
  ...(['stopServer', 'upgradePackage', 'startServer'] as const).flatMap((activity) =>
    [0, 1, 2].map((place) => killedInside(activity, place)),
  ),
];
