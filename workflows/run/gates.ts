/**
 * Gates: a run waits until a person passes or refuses. A timeout may abort, roll back or keep waiting;
 * it never approves. A decision counts only for the plan it was made on.
 */
import { condition } from '@temporalio/workflow';
import type { GateName } from '../../src/model/contract';
import type { ControlInputs, GatePolicy } from '../../src/model/inputs';
import type { PlanStep } from '../../src/model/plan';
import type { GateDecision, GateRecord } from '../../src/model/status';
import { note, now, type RunState } from './state';
import { showDetails } from './status';

export type GateOutcome = 'passed' | 'rejected' | 'abort' | 'rollback';

const defaultPolicy: GatePolicy = { mode: 'ask', onTimeout: 'wait' };

/**
 * Waits at `gate` for the plan in force.
 * @returns how it ended; `rollback` also when a person asked for the way back while the run waited
 */
export async function waitAtGate(
  state: RunState,
  gate: GateName,
  why: string,
  options: { mandatory?: boolean } = {},
): Promise<GateOutcome> {
  const policy = { ...defaultPolicy, ...state.input.gates[gate] };
  const record: GateRecord = {
    gate,
    why,
    planHash: state.plan?.hash ?? '',
    openedAt: now(),
  };
  const mustAsk = options.mandatory === true || state.opened.requiredGates.includes(gate);
  if (policy.mode === 'auto' && !mustAsk) {
    state.gates.push({ ...record, decidedAt: now(), decision: 'auto' });
    note(state, `gate ${gate} passed without asking, as the input says`);
    return 'passed';
  }
  if (policy.mode === 'auto')
    note(state, `gate ${gate} asks although the input says auto: it is required here`);
  state.gate = {
    ...record,
    onTimeout: policy.onTimeout,
    timeoutMs: policy.timeoutMs,
    expiresAt:
      policy.timeoutMs === undefined
        ? undefined
        : new Date(Date.now() + policy.timeoutMs).toISOString(),
  };
  const before = { state: state.state, headline: state.headline };
  state.state = 'waiting';
  state.headline = `waiting at gate ${gate}: ${why}`;
  note(state, `waiting at gate ${gate}`);
  showDetails(state);

  const settled = () => state.gate?.decision !== undefined || state.rollbackRequested !== undefined;
  const inTime =
    policy.timeoutMs === undefined || policy.onTimeout === 'wait'
      ? await condition(settled).then(() => true)
      : await condition(settled, policy.timeoutMs);

  const decision: GateDecision | undefined = inTime ? state.gate.decision : 'timedOut';
  state.gates.push(closed(state.gate, decision ?? 'superseded'));
  state.gate = undefined;
  state.state = before.state;
  state.headline = before.headline;
  showDetails(state);
  if (decision === 'approved') return 'passed';
  if (decision === 'rejected') return 'rejected';
  if (decision === 'timedOut') {
    note(state, `gate ${gate} timed out after ${policy.timeoutMs} ms: ${policy.onTimeout}`);
    return policy.onTimeout === 'rollback' ? 'rollback' : 'abort';
  }
  return 'rollback';
}

function closed(gate: GateRecord, decision: GateDecision): GateRecord {
  const { why, planHash, openedAt, by, comment } = gate;
  return { gate: gate.gate, why, planHash, openedAt, decidedAt: now(), decision, by, comment };
}

/** Why a decision can't be taken now; undefined if it can. */
export function refuseDecision(
  state: RunState,
  input: ControlInputs['approve'],
): string | undefined {
  const open = state.gate;
  if (!open || open.decision !== undefined)
    return `the run waits at no gate now; gate ${input.gate} can't be decided`;
  if (open.gate !== input.gate) return `the run waits at gate ${open.gate}, not at ${input.gate}`;
  if (input.planHash !== undefined && !open.planHash.startsWith(input.planHash))
    return `the decision is about plan ${input.planHash}, but the plan in force is ${open.planHash}; read it again`;
  return undefined;
}

export function decideGate(
  state: RunState,
  decision: 'approved' | 'rejected',
  input: ControlInputs['approve'],
): void {
  if (!state.gate) return;
  Object.assign(state.gate, { decision, by: input.approver, comment: input.comment });
  note(
    state,
    `gate ${input.gate} ${decision} by ${input.approver}${input.comment ? `: ${input.comment}` : ''}`,
  );
}

/** The question a step's gate asks. */
export const gateQuestion = (step: PlanStep): string =>
  step.gateReason ?? `${step.title}. ${step.why}`;
