/** How people steer a run that changes servers. */
import type { ControlName } from '../../src/model/contract';
import { approveGate, decideGate, refuseApproval, refuseDecision } from './gates';
import { rulesOf } from './rules';
import { by, registerHandlers, type Controls } from './handlers';
import { showGoesOn } from './pause';
import { now, note, serversDown, type RunState } from './state';
import { rollbackPossibility, showDetails, statusDocument } from './status';

const descriptions: Record<ControlName, string> = {
  approve: 'Pass the gate the run waits at. {"gate": "start", "approver": "you"}',
  reject:
    'Refuse the gate: at start the run ends, later it rolls back. {"gate": "start", "approver": "you"}',
  pause: 'Stop before the next step at which no server is down. {"by": "you"}',
  resume: 'Go on after a pause, or try a failed step again. {"by": "you"}',
  rollback: 'Take back what this run has changed, one server at a time. {"by": "you"}',
  tune: 'Change waits while the run goes on. {"soakMs": 60000}',
  stop: 'Of a hot backup, which runs until it is stopped; this run ends by itself, and refuses. {"by": "you"}',
};

const whyRefused = (state: RunState): Controls['whyRefused'] => ({
  approve: (input, claims) => refuseDecision(state, input) ?? refuseApproval(state, input, claims),
  reject: (input) => refuseDecision(state, input),
  pause: () => (isOver(state) ? overText(state) : undefined),
  resume: () => (state.paused ? undefined : 'the run is not paused: there is nothing to resume'),
  rollback: () => {
    if (isOver(state)) return overText(state);
    if (state.state === 'rollingBack' || state.rollbackRequested)
      return `the run is already rolling back${state.paused ? ', and is paused: resume it, and it goes on' : ''}`;
    const { possible, reason } = rollbackPossibility(state);
    return possible ? undefined : reason;
  },
  tune: ({ baseEveryMs, baseBytesPerSecond }) =>
    isOver(state)
      ? overText(state)
      : baseEveryMs === undefined && baseBytesPerSecond === undefined
        ? undefined
        : `${baseEveryMs === undefined ? 'baseBytesPerSecond' : 'baseEveryMs'} is of a hot backup; this run takes soakMs, drainMs and settleTimeoutMs`,
  stop: () => 'this run ends by itself: pause it, or take it back with rollback',
});

const apply = (state: RunState): Controls['apply'] => ({
  approve: (input, claims) => approveGate(state, input, claims),
  reject: (input) => decideGate(state, 'rejected', input),
  pause: (input) => {
    if (state.paused) return;
    state.paused = { since: now(), ...input };
    const down = serversDown(state);
    const when =
      down.length === 0
        ? 'before its next step'
        : `as soon as no server is down by its hand (now ${down.join(', ')})${rulesOf(state).whilePauseWaits}`;
    note(state, `pause asked for${by(input)}: the run stops ${when}`);
  },
  resume: (input) => {
    state.paused = undefined;
    state.error = undefined;
    showGoesOn(state);
    note(state, `resumed${by(input)}`);
  },
  rollback: (input) => {
    const standsStill = state.gate !== undefined || state.headlineBefore !== undefined;
    state.rollbackRequested = { ...input, atOnce: standsStill };
    state.paused = undefined;
    showGoesOn(state);
    note(state, `rollback asked for${by(input)}`);
  },
  tune: ({ soakMs, drainMs, settleTimeoutMs }) => {
    for (const [name, value] of Object.entries({ soakMs, drainMs, settleTimeoutMs })) {
      if (value === undefined) continue;
      state.tuning[name as keyof typeof state.tuning] = value;
      note(state, `${name} is now ${value}`);
    }
  },
  stop: () => undefined,
});

/** Must run before the first await, so that the Temporal UI lists the handlers. */
export function registerControls(state: RunState): void {
  registerHandlers({
    status: () => statusDocument(state),
    descriptions,
    whyRefused: whyRefused(state),
    apply: apply(state),
    note: (text) => note(state, text),
    show: () => showDetails(state),
    signed: state,
  });
}

/** The report is written once nothing more is done to any server. */
const isOver = (state: RunState): boolean =>
  state.phase === 'report' ||
  ['completed', 'rolledBack', 'rejected', 'failed'].includes(state.state);

const overText = (state: RunState): string =>
  `the run is over (${state.phase === 'report' ? 'its report is being written' : state.state})`;
