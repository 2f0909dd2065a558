/** Reads the input of a strategy and sets up its run. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { WorkflowType } from '../../src/model/contract';
import { describeIssues } from '../../src/model/validation';
import { registerControls } from './controls';
import { newRunState, type RunInput, type RunState } from './state';
import { showDetails } from './status';

/** `carry` is what an earlier history of the same run left; nobody can start a run with it. */
export function openRun(
  strategy: WorkflowType,
  schema: z.ZodType<RunInput>,
  request: unknown,
  carry: RunState | undefined,
): RunState {
  const info = workflowInfo();
  const parsed = schema.safeParse(request);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `the input of ${strategy} is not usable:\n${describeIssues(parsed.error, request, schema)}`,
      'InvalidInput',
      parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
    );
  if (carry !== undefined && info.continuedFromExecutionRunId === undefined)
    throw ApplicationFailure.nonRetryable(
      `${strategy} takes one JSON object; a second argument was given`,
      'InvalidInput',
    );
  const state =
    carry ??
    newRunState(parsed.data, {
      workflowId: info.workflowId,
      runId: info.firstExecutionRunId,
      strategy,
    });
  registerControls(() => state);
  showDetails(state);
  return state;
}
