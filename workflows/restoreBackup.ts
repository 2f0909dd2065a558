/**
 * restoreBackup: an ensemble, or a subtree of it, as it was at a moment that a repository holds.
 *
 *   1. plan     choose the moment and pin it; what stands against it; what every step does
 *   2. gate     `start`: until it is passed, nothing anywhere has been changed
 *   3. prepare  the data are made on the worker and proven, while the ensemble still serves; where sessions of then
 *               shall resume, gate `keepSessions` before that
 *   4. stop     every server, the leader last: none may run on the old data beside one that runs on the restored
 *   5. exchange the data that are there are set aside, never deleted; the same files are put on every member
 *   6. start    all of them; the tree is read from the leader and compared
 *   7. back     on request, on refusal, or on cancellation: the data that were set aside, and whoever served before
 *
 * A subtree is written into the living ensemble by the engine that copies trees; that is not taken back.
 */
import type { z } from 'zod';
import { WORKFLOW_TYPES } from '../src/model/contract';
import { restoreBackupInputSchema, type RestoreBackupRequest } from '../src/model/backupInputs';
import { withEnsemble } from '../src/model/strategies';
import type { UpgradeReport } from '../src/model/status';
import { runStrategy } from './run/lifecycle';
import { openRun } from './run/open';
import type { RunInput, RunState } from './run/state';

/** `withEnsemble` has filled in the ensemble, or the schema refuses the rest. */
const schema = restoreBackupInputSchema as unknown as z.ZodType<RunInput>;

export async function restoreBackup(
  request: RestoreBackupRequest,
  carry?: RunState,
): Promise<UpgradeReport> {
  return runStrategy(
    openRun(WORKFLOW_TYPES.restore, schema, withEnsemble(WORKFLOW_TYPES.restore, request), carry),
  );
}
