/** takeBase: one more base of an ensemble, usable whether a hot backup captures it or not. What schedules start. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { BaseResult } from '../activities/api';
import { takeBaseInputSchema, type TakeBaseRequest } from '../src/model/backupInputs';
import { BASE_WORKFLOW } from '../src/model/contract';
import { describeIssues } from '../src/model/validation';
import { runActivities } from './run/activityProxy';
import { showAttributes } from './run/attributes';

const OPEN_MS = 60_000;
const BASE_MS = 6 * 3_600_000;

export async function takeBase(request: TakeBaseRequest): Promise<BaseResult> {
  const parsed = takeBaseInputSchema.safeParse(request);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `the input of ${BASE_WORKFLOW} is not usable:\n${describeIssues(parsed.error, request, takeBaseInputSchema)}`,
      'InvalidInput',
      parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
    );
  const input = parsed.data;
  const opened = await runActivities(undefined, OPEN_MS, 'read the inventory').openBackup(input);
  showAttributes(opened, BASE_WORKFLOW, 'capture');
  const { workflowId, runId } = workflowInfo();
  return runActivities(opened.site, BASE_MS, `take a base of ${input.ensemble}`).takeUsableBase({
    ...input,
    owner: `${workflowId} ${runId}`,
  });
}
