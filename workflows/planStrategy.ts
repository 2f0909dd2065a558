/** planStrategy: the plan a strategy would execute, and nothing else. Changes nothing. */
import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { restoreBackupInputSchema } from '../src/model/backupInputs';
import { resizeEnsembleInputSchema, rollingUpgradeInputSchema } from '../src/model/inputs';
import type { Plan } from '../src/model/plan';
import { migrateDataCenterInputSchema } from '../src/model/migrationInputs';
import { describeIssues } from '../src/model/validation';
import { runActivities } from './run/activityProxy';

const inputSchema = z.discriminatedUnion('strategy', [
  z.strictObject({ strategy: z.literal('rollingUpgrade'), input: rollingUpgradeInputSchema }),
  z.strictObject({ strategy: z.literal('resizeEnsemble'), input: resizeEnsembleInputSchema }),
  z.strictObject({ strategy: z.literal('restoreBackup'), input: restoreBackupInputSchema }),
  z.strictObject({
    strategy: z.literal('migrateDataCenter'),
    input: migrateDataCenterInputSchema,
  }),
]);

export async function planStrategy(request: z.input<typeof inputSchema>): Promise<Plan> {
  const parsed = inputSchema.safeParse(request);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `the input of planStrategy is not usable:\n${describeIssues(parsed.error, request, inputSchema)}`,
      'InvalidInput',
    );
  const { strategy, input } = parsed.data;
  const ensemble =
    strategy === 'restoreBackup'
      ? input.to.ensemble
      : strategy === 'migrateDataCenter'
        ? input.source
        : input.ensemble;
  const opened = await runActivities(undefined, 60_000, 'read the inventory').openRun({ ensemble });
  const activities = runActivities(opened.site, 300_000, 'observe, check, plan; changes nothing');
  switch (strategy) {
    case 'rollingUpgrade':
      return (await activities.planUpgrade({ ensemble, input })).plan;
    case 'resizeEnsemble':
      return (await activities.planResize({ ensemble, input })).plan;
    case 'restoreBackup':
      return (await activities.planRestore({ input })).plan;
    case 'migrateDataCenter':
      return (await activities.planMigration({ ensemble, input })).plan;
  }
}
