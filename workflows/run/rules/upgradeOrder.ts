/** Whether a fresh look at the ensemble still fits the order of the plan. */
import type { Observation } from '../../../activities/api';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { statusOf, type RunState } from '../state';

/** Servers of the step's hop whose first step has not begun, in plan order. */
export function serversAhead(state: RunState, plan: Plan, step: PlanStep): string[] {
  const ahead: string[] = [];
  for (const other of plan.steps) {
    if (other.activity !== 'stopServer' || other.server === undefined) continue;
    if (other.phase !== step.phase || other.toVersion !== step.toVersion) continue;
    if (statusOf(state, other).state === 'pending') ahead.push(other.server);
  }
  return ahead;
}

/** Why the plan no longer fits what was seen; undefined while it does. */
export function whyReplan(
  state: RunState,
  plan: Plan,
  step: PlanStep,
  seen: Observation,
): string | undefined {
  if (seen.identity !== plan.identity)
    return 'the configuration of the ensemble has changed since the plan was made';
  const ahead = serversAhead(state, plan, step);
  const last = ahead.at(-1);
  if (seen.leader === undefined || last === undefined) return undefined;
  if (ahead.includes(seen.leader) && seen.leader !== last)
    return `${seen.leader} leads now, and the leader comes last`;
  if (plan.direction === 'rollback') return undefined;
  const asksForLeader = plan.steps.some(
    (other) =>
      other.server === last && other.toVersion === step.toVersion && other.gate === 'beforeLeader',
  );
  if (asksForLeader && seen.leader !== last) return `${last} no longer leads, ${seen.leader} does`;
  if (!asksForLeader && seen.leader === last) return `${last} leads now`;
  return undefined;
}
