/**
 * resizeEnsemble: servers join, leave, are replaced, promoted or demoted, one at a time, without ever weakening the
 * quorum.
 *
 *   1. plan     who is a member now, who shall be, and each change on the way, with quorums that meet
 *   2. gate     `start`: until it is passed, nothing anywhere has been changed
 *   3. join     each new server is provisioned, follows as a learner until it is proven, then becomes a member
 *   4. leave    gate `beforeRemove`; each leaver goes out of the configuration, then is stopped
 *   5. wipe     where it was asked for, after gate `beforeWipe`
 *   6. back     on request, on refusal, or on cancellation: the members there were, by the same kind of changes
 *
 * Safety: every configuration's quorums meet those of the next; a joiner votes only once it is proven; a leaver is
 * stopped only once no server counts it.
 */
import { WORKFLOW_TYPES } from '../src/model/contract';
import { resizeEnsembleInputSchema, type ResizeEnsembleRequest } from '../src/model/inputs';
import type { UpgradeReport } from '../src/model/status';
import { runStrategy } from './run/lifecycle';
import { openRun } from './run/open';
import type { RunState } from './run/state';

export async function resizeEnsemble(
  request: ResizeEnsembleRequest,
  carry?: RunState,
): Promise<UpgradeReport> {
  return runStrategy(openRun(WORKFLOW_TYPES.resize, resizeEnsembleInputSchema, request, carry));
}
