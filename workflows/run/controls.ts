/**
 * How people steer a run: each control is a signal and an update of the same name, taking one JSON object.
 * An update that does not fit is refused with the reason; a signal can't be answered, so its refusal
 * becomes an event that everybody sees.
 */
import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import { CONTROL_NAMES, STATUS_QUERY, type ControlName } from '../../src/model/contract';
import { controlSchemas, type ControlInputs } from '../../src/model/inputs';
import type { StatusDocument } from '../../src/model/status';
import { describeIssues } from '../../src/model/validation';
import { decideGate, refuseDecision } from './gates';
import { now, note, serverDown, type RunState } from './state';
import { rollbackPossibility, showDetails, statusDocument } from './status';

const descriptions: Record<ControlName, string> = {
  approve: 'Pass the gate the run waits at. {"gate": "start", "approver": "you"}',
  reject:
    'Refuse the gate: at start the run ends, later it rolls back. {"gate": "start", "approver": "you"}',
  pause: 'Stop before the next step at which no server is down. {"by": "you"}',
  resume: 'Go on after a pause, or try a failed step again. {"by": "you"}',
  rollback: 'Take every server back to the version it had. {"by": "you"}',
  tune: 'Change waits while the run goes on. {"soakMs": 60000}',
};

type Reason = string | undefined;

const whyRefused: { [K in ControlName]: (state: RunState, input: ControlInputs[K]) => Reason } = {
  approve: (state, input) => refuseDecision(state, input),
  reject: (state, input) => refuseDecision(state, input),
  pause: (state) => (isOver(state) ? overText(state) : undefined),
  resume: (state) =>
    state.paused ? undefined : 'the run is not paused: there is nothing to resume',
  rollback: (state) => {
    if (isOver(state)) return overText(state);
    if (state.state === 'rollingBack') return 'the run is already rolling back';
    const { possible, reason } = rollbackPossibility(state);
    return possible ? undefined : reason;
  },
  tune: (state) => (isOver(state) ? overText(state) : undefined),
};

const apply: { [K in ControlName]: (state: RunState, input: ControlInputs[K]) => void } = {
  approve: (state, input) => decideGate(state, 'approved', input),
  reject: (state, input) => decideGate(state, 'rejected', input),
  pause: (state, input) => {
    if (state.paused) return;
    state.paused = { since: now(), ...input };
    const down = serverDown(state);
    const when = down === undefined ? 'before its next step' : `as soon as ${down} is up again`;
    note(state, `pause asked for${by(input)}: the run stops ${when}`);
  },
  resume: (state, input) => {
    state.paused = undefined;
    state.error = undefined;
    note(state, `resumed${by(input)}`);
  },
  rollback: (state, input) => {
    state.rollbackRequested = input;
    state.paused = undefined;
    note(state, `rollback asked for${by(input)}`);
  },
  tune: (state, input) => {
    for (const [name, value] of Object.entries(input)) {
      if (value === undefined) continue;
      state.tuning[name as keyof typeof state.tuning] = value;
      note(state, `${name} is now ${value}`);
    }
  },
};

/** Registers all handlers. Must run before the first await, so that the Temporal UI lists them. */
export function registerControls(current: () => RunState): void {
  setHandler(defineQuery<StatusDocument>(STATUS_QUERY), () => statusDocument(current()), {
    description: 'The whole state of the run as one document',
  });
  for (const name of CONTROL_NAMES) registerControl(name, current);
}

function registerControl<K extends ControlName>(name: K, current: () => RunState): void {
  const check = (raw: unknown): { input: ControlInputs[K] } | { refusal: string } => {
    const parsed = controlSchemas[name].safeParse(raw ?? {});
    if (!parsed.success)
      return { refusal: describeIssues(parsed.error, raw, controlSchemas[name]) };
    const input = parsed.data as ControlInputs[K];
    const reason = whyRefused[name](current(), input);
    return reason === undefined ? { input } : { refusal: reason };
  };
  setHandler(
    defineSignal<[unknown]>(name),
    (raw) => {
      const checked = check(raw);
      if ('input' in checked) apply[name](current(), checked.input);
      else note(current(), `signal ${name} refused: ${checked.refusal}`);
      showDetails(current());
    },
    { description: descriptions[name] },
  );
  setHandler(
    defineUpdate<StatusDocument, [unknown]>(name),
    (raw) => {
      const checked = check(raw);
      // The validator accepted it a moment ago; a change in between is refused as it would have been.
      if (!('input' in checked)) throw ApplicationFailure.nonRetryable(checked.refusal, 'Refused');
      apply[name](current(), checked.input);
      showDetails(current());
      return statusDocument(current());
    },
    {
      description: descriptions[name],
      validator: (raw) => {
        const checked = check(raw);
        if (!('input' in checked))
          throw ApplicationFailure.nonRetryable(checked.refusal, 'Refused');
      },
    },
  );
}

const by = (input: { by?: string; comment?: string }): string =>
  `${input.by ? ` by ${input.by}` : ''}${input.comment ? ` (${input.comment})` : ''}`;

const isOver = (state: RunState): boolean =>
  ['completed', 'rolledBack', 'rejected', 'failed'].includes(state.state);

const overText = (state: RunState): string => `the run is over (${state.state})`;
