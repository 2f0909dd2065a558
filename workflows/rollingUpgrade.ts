/**
 * rollingUpgrade: every server of an ensemble to a new version, one at a time, without losing an
 * acknowledged write.
 *
 *   1. open     validate the input, resolve the ensemble, ask the worker what it requires
 *   2. plan     observe, compute the plan, show it; a finding of severity error ends the run here
 *   3. hold     take the ensemble for this run (a child workflow named for the ensemble itself)
 *   4. gate     `start`: until it is passed, nothing anywhere has been changed
 *   5. lock     the lock znode, for runs of other Temporal clusters; its czxid fences every later effect
 *   6. execute  stage, back up, then each server of each hop; `beforeLeader`, `finalize` on the way
 *   7. back     on request, on refusal, or on cancellation: every touched server returns, leader last
 *   8. close    end the probe, take away lock and canary, report
 *
 * Safety: at most one server is down by this run's hand; none is stopped unless the others alone hold a
 * synced quorum that has just committed a write; the undo of a server is registered before it is touched.
 */
import { WORKFLOW_TYPES } from '../src/model/contract';
import { rollingUpgradeInputSchema, type RollingUpgradeRequest } from '../src/model/inputs';
import type { UpgradeReport } from '../src/model/status';
import { runStrategy } from './run/lifecycle';
import { openRun } from './run/open';
import type { RunState } from './run/state';

export async function rollingUpgrade(
  request: RollingUpgradeRequest,
  carry?: RunState,
): Promise<UpgradeReport> {
  return runStrategy(openRun(WORKFLOW_TYPES.upgrade, rollingUpgradeInputSchema, request, carry));
}
