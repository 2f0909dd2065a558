/** Reads the input of a hot backup and sets up its run. */
import { workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { WorkflowType } from '../../src/model/contract';
import type { HotBackupInput } from '../../src/model/backupInputs';
import { parseInput, refuseCarry } from '../run/input';
import { registerBackupControls } from './controls';
import { now, type BackupState } from './state';
import { showBackup } from './status';

export function beginBackup(
  strategy: WorkflowType,
  schema: z.ZodType<HotBackupInput>,
  request: unknown,
  carry: BackupState | undefined,
): BackupState {
  const input = parseInput(strategy, schema, request);
  refuseCarry(strategy, carry);
  const state = carry ?? newState(input, workflowInfo());
  registerBackupControls(state);
  showBackup(state);
  return state;
}

const newState = (
  input: HotBackupInput,
  { workflowId, firstExecutionRunId }: { workflowId: string; firstExecutionRunId: string },
): BackupState => ({
  input,
  workflowId,
  runId: firstExecutionRunId,
  state: 'running',
  headline: 'begins',
  startedAt: now(),
  baseEveryMs: input.baseEveryMs,
  ...(input.baseBytesPerSecond !== undefined && { baseBytesPerSecond: input.baseBytesPerSecond }),
  txns: 0,
  plainBytes: 0,
  bases: 0,
  bytesAtBase: 0,
  events: [],
});
