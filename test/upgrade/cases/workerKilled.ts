/** The worker dies by SIGKILL: at every boundary between steps, and inside the steps that change a server. */
import { strict as assert } from 'node:assert';
import type { Run, Harness } from '../../support/harness';
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
      const kills = await killAtBoundaries(harness, run);
      const end = await ended(harness, run);
      await assertUpgraded(harness, end, NEW);
      assert.ok(kills >= 15, `only ${kills} boundaries were hit`);
    }),
};

async function killAtBoundaries(harness: Harness, run: Run): Promise<number> {
  let seen = '';
  let kills = 0;
  for (;;) {
    const status = await run.until(
      'another step done, or the end',
      ({ plan, state }) =>
        state === 'completed' ||
        (plan?.steps.filter((step) => step.state === 'done').at(-1)?.id ?? '') !== seen,
      180_000,
    );
    if (status.state === 'completed') return kills;
    seen = status.plan?.steps.filter((step) => step.state === 'done').at(-1)?.id ?? '';
    await harness.replaceWorker();
    kills += 1;
  }
}

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
