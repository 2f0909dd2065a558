/**
 * How people steer a workflow: each control is a signal and an update of the same name, taking one JSON object.
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

/** Why a control is refused now; undefined where it is not. */
export type Reason = string | undefined;

/** One strategy's answers to all controls. */
export interface Controls {
  status(): StatusDocument;
  descriptions: Record<ControlName, string>;
  whyRefused: { [K in ControlName]: (input: ControlInputs[K]) => Reason };
  apply: { [K in ControlName]: (input: ControlInputs[K]) => void };
  /** Makes an event of it. */
  note(text: string): void;
  /** Brings the page in the Temporal UI up to date. */
  show(): void;
}

/** Registers all handlers. Must run before the first await, so that the Temporal UI lists them. */
export function registerHandlers(controls: Controls): void {
  setHandler(defineQuery<StatusDocument>(STATUS_QUERY), () => controls.status(), {
    description: 'The whole state of the run as one document',
  });
  for (const name of CONTROL_NAMES) registerControl(name, controls);
}

function registerControl<K extends ControlName>(name: K, controls: Controls): void {
  const check = (raw: unknown): { input: ControlInputs[K] } | { refusal: string } => {
    const parsed = controlSchemas[name].safeParse(raw ?? {});
    if (!parsed.success)
      return { refusal: describeIssues(parsed.error, raw, controlSchemas[name]) };
    const input = parsed.data as ControlInputs[K];
    const reason = controls.whyRefused[name](input);
    return reason === undefined ? { input } : { refusal: reason };
  };
  setHandler(
    defineSignal<[unknown]>(name),
    (raw) => {
      const checked = check(raw);
      if ('input' in checked) controls.apply[name](checked.input);
      else controls.note(`signal ${name} refused: ${checked.refusal}`);
      controls.show();
    },
    { description: controls.descriptions[name] },
  );
  setHandler(
    defineUpdate<StatusDocument, [unknown]>(name),
    (raw) => {
      const checked = check(raw);
      // The validator accepted it a moment ago; a change in between is refused as it would have been.
      if (!('input' in checked)) throw ApplicationFailure.nonRetryable(checked.refusal, 'Refused');
      controls.apply[name](checked.input);
      controls.show();
      return controls.status();
    },
    {
      description: controls.descriptions[name],
      validator: (raw) => {
        const checked = check(raw);
        if (!('input' in checked))
          throw ApplicationFailure.nonRetryable(checked.refusal, 'Refused');
      },
    },
  );
}

/** ` by NAME (COMMENT)`, as far as they are known. */
export const by = (input: { by?: string; comment?: string }): string =>
  `${input.by ? ` by ${input.by}` : ''}${input.comment ? ` (${input.comment})` : ''}`;
