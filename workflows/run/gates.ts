/**
 * Gates: a run waits until a person passes or refuses. A timeout may abort, roll back or keep waiting;
 * it never approves. A decision counts only for the plan it was made on.
 */
import { CancellationScope, condition } from '@temporalio/workflow';
import {
  defaultApprovalPolicy,
  includesRole,
  tally,
  type Approval,
  type ApprovalPolicy,
  type ControlClaims,
} from '../../src/model/approval';
import type { GateName } from '../../src/model/contract';
import type { ControlInputs, GatePolicy } from '../../src/model/inputs';
import type { PlanStep } from '../../src/model/plan';
import type { GateDecision, GateRecord, OpenGate } from '../../src/model/status';
import { announce } from './announce';
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
  const mustAsk = options.mandatory === true || isRequired(state, gate);
  if (policy.mode === 'auto' && !mustAsk) {
    state.gates.push({ ...record, decidedAt: now(), decision: 'auto' });
    note(state, `gate ${gate} passed without asking, as the input says`);
    return 'passed';
  }
  if (policy.mode === 'auto')
    note(state, `gate ${gate} asks although the input says auto: it is required here`);
  const { needed } = tallyOf(state, gate, []);
  state.gate = {
    ...record,
    ...(needed > 1 && { needed, approvals: [] }),
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
  announce(state, 'gateWaiting', { gate, planHash: record.planHash });

  const settled = () => state.gate?.decision !== undefined || state.rollbackRequested !== undefined;
  void escalate(state, gate, settled);
  const inTime =
    policy.timeoutMs === undefined || policy.onTimeout === 'wait'
      ? await condition(settled).then(() => true)
      : await condition(settled, policy.timeoutMs);

  const decision: GateDecision | undefined = inTime ? state.gate.decision : 'timedOut';
  const { by } = state.gate;
  state.gates.push(closed(state.gate, decision ?? 'superseded'));
  announce(state, 'gateDecided', {
    ...{ gate, planHash: record.planHash, decision: decision ?? 'superseded', by },
  });
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

/** A gate that waits long is told once more. */
async function escalate(state: RunState, gate: GateName, settled: () => boolean): Promise<void> {
  const { escalateAfterMs } = policyOf(state, gate);
  if (escalateAfterMs === undefined || !state.opened.webhooks) return;
  const opened = state.gate;
  if (await condition(() => settled() || state.gate !== opened, escalateAfterMs)) return;
  note(state, `gate ${gate} has waited ${escalateAfterMs} ms: told`);
  announce(state, 'gateEscalated', { gate, ...(opened && { planHash: opened.planHash }) });
}

function closed(gate: GateRecord, decision: GateDecision): GateRecord {
  const { why, planHash, openedAt, by, comment, approvals } = gate;
  return {
    ...{ gate: gate.gate, why, planHash, openedAt, decidedAt: now(), decision, by, comment },
    ...(approvals && { approvals }),
  };
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
  if (decision === 'approved' && state.paused)
    note(state, 'the run is paused: it stops before its next step, until it is resumed');
}

/** Gates that no input switches off; where starts are not vouched for, the first of all. */
function isRequired({ opened }: RunState, gate: GateName): boolean {
  const { requiredGates, approvals } = opened;
  return (
    requiredGates.includes(gate) ||
    approvals?.policies[gate] !== undefined ||
    (gate === 'start' && approvals?.mode === 'signed')
  );
}

const policyOf = ({ opened }: RunState, gate: GateName): ApprovalPolicy =>
  opened.approvals?.policies[gate] ?? defaultApprovalPolicy();

const tallyOf = (state: RunState, gate: GateName, approvals: readonly Approval[]) =>
  tally(approvals, policyOf(state, gate), {
    nowMs: Date.now(),
    mode: state.opened.approvals?.mode ?? 'open',
    requester: state.opened.approvals?.requester,
  });

/** Why the word of this person does not count for the open gate; undefined where it does. */
export function refuseApproval(
  state: RunState,
  input: ControlInputs['approve'],
  claims?: ControlClaims,
): string | undefined {
  const { approvals } = state.opened;
  if (approvals === undefined) return undefined;
  const { role, excludeRequester } = policyOf(state, input.gate);
  if (claims && !includesRole(claims.role, role))
    return `gate ${input.gate} takes approvals of role ${role}; ${claims.actor} has ${claims.role}`;
  if (claims && input.planHash === undefined)
    return 'planHash: expected the hash of the plan that is approved; got nothing';
  const requester = approvals.requester ?? (claims ? undefined : state.input.requestedBy);
  if (excludeRequester && input.approver === requester)
    return `${input.approver} asked for this run: somebody else has to approve gate ${input.gate}`;
  const { counted } = tallyOf(state, input.gate, state.gate?.approvals ?? []);
  if (counted.some(({ by }) => by === input.approver))
    return `${input.approver} has approved gate ${input.gate} already: somebody else has to, too`;
  return undefined;
}

/** One person's word: it passes the gate where no more are needed. */
export function approveGate(
  state: RunState,
  input: ControlInputs['approve'],
  claims?: ControlClaims,
): void {
  const { gate } = state;
  if (!gate) return;
  if (gate.approvals === undefined) return decideGate(state, 'approved', input);
  const { approver, comment } = input;
  const approval = {
    ...{ by: approver, at: now(), comment, ...(claims && { role: claims.role }) },
    expiresAt: new Date(Date.now() + policyOf(state, input.gate).expireMs).toISOString(),
  };
  const { counted, needed } = tallyOf(state, input.gate, [...gate.approvals, approval]);
  gate.approvals = counted;
  if (counted.length >= needed)
    return decideGate(state, 'approved', {
      ...input,
      approver: counted.map(({ by }) => by).join(', '),
    });
  note(
    state,
    `gate ${input.gate}: approved by ${approver}, ${counted.length} of ${needed}${comment ? `: ${comment}` : ''}`,
  );
  // Whoever cancels the run closes the gate, and ends it by that.
  void CancellationScope.nonCancellable(() => lapse(state, gate, approval));
}

/** What counts no more is shown no more, and whose it was is told. */
async function lapse(state: RunState, gate: OpenGate, approval: Approval): Promise<void> {
  const { expireMs } = policyOf(state, gate.gate);
  const isDecided = () => state.gate !== gate || gate.decision !== undefined;
  if (await condition(isDecided, expireMs)) return;
  gate.approvals = gate.approvals?.filter((other) => other !== approval) ?? [];
  note(
    state,
    `gate ${gate.gate}: the approval by ${approval.by} has lapsed after ${expireMs} ms: ${gate.approvals.length} of ${gate.needed}`,
  );
  showDetails(state);
}

/** The question a step's gate asks. */
export const gateQuestion = (step: PlanStep): string =>
  step.gateReason ?? `${step.title}. ${step.why}`;
