/** planStrategy: the plan a strategy would execute, and nothing else. Changes nothing. */
import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { rollingUpgradeInputSchema } from '../src/model/inputs';
import type { Plan } from '../src/model/plan';
import { describeIssues } from '../src/model/validation';
import { runActivities } from './run/activityProxy';

const inputSchema = z.strictObject({
  strategy: z.literal('rollingUpgrade'),
  input: rollingUpgradeInputSchema,
});

export async function planStrategy(request: z.input<typeof inputSchema>): Promise<Plan> {
  const parsed = inputSchema.safeParse(request);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `the input of planStrategy is not usable:\n${describeIssues(parsed.error, request, inputSchema)}`,
      'InvalidInput',
    );
  const { input } = parsed.data;
  const opened = await runActivities(undefined, 60_000, 'read the inventory').openRun({
    ensemble: input.ensemble,
  });
  const { plan } = await runActivities(
    opened.site,
    300_000,
    'observe, check, plan; changes nothing',
  ).planUpgrade({ ensemble: input.ensemble, input });
  return plan;
}
