/** Reading what a workflow was started with. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { WorkflowType } from '../../src/model/contract';
import { describeIssues } from '../../src/model/validation';

/** Bad input fails the workflow at once, each field named. */
export function parseInput<T>(strategy: WorkflowType, schema: z.ZodType<T>, request: unknown): T {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw ApplicationFailure.nonRetryable(
    `the input of ${strategy} is not usable:\n${describeIssues(parsed.error, request, schema)}`,
    'InvalidInput',
    parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
  );
}

/** `carry` is what an earlier history of the same run left; nobody can start a run with it. */
export function refuseCarry(strategy: WorkflowType, carry: unknown): void {
  if (carry === undefined || workflowInfo().continuedFromExecutionRunId !== undefined) return;
  throw ApplicationFailure.nonRetryable(
    `${strategy} takes one JSON object; a second argument was given`,
    'InvalidInput',
  );
}
