/** Reads the input of a strategy and sets up its run. */
import { workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { WorkflowType } from '../../src/model/contract';
import { parseInput, refuseCarry } from './input';
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
  const input = parseInput(strategy, schema, request);
  refuseCarry(strategy, carry);
  const info = workflowInfo();
  const state =
    carry ??
    newRunState(input, {
      workflowId: info.workflowId,
      runId: info.firstExecutionRunId,
      strategy,
    });
  registerControls(state);
  showDetails(state);
  return state;
}
