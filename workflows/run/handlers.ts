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
import type { ControlClaims } from '../../src/model/approval';
import { CONTROL_NAMES, STATUS_QUERY, type ControlName } from '../../src/model/contract';
import { controlSchemas, type ControlInputs } from '../../src/model/inputs';
import type { StatusDocument } from '../../src/model/status';
import { describeIssues } from '../../src/model/validation';
import { asksForProof, isOpened, untilOpened, whoStandsBehind, type Signed } from './signing';

/** Why a control is refused now; undefined where it is not. */
export type Reason = string | undefined;

/** One strategy's answers to all controls. */
export interface Controls {
  status(): StatusDocument;
  descriptions: Record<ControlName, string>;
  /** `claims`: of whoever signed for it, where that is asked for. */
  whyRefused: { [K in ControlName]: (input: ControlInputs[K], claims?: ControlClaims) => Reason };
  apply: { [K in ControlName]: (input: ControlInputs[K], claims?: ControlClaims) => void };
  /** What says whether signatures are asked for; absent: they never are. */
  signed?: Signed;
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
  const parse = (raw: unknown): Checked<K> => {
    const parsed = controlSchemas[name].safeParse(raw ?? {});
    return parsed.success
      ? { input: parsed.data as ControlInputs[K] }
      : { refusal: describeIssues(parsed.error, raw, controlSchemas[name]) };
  };
  /** As far as it can be told at once. */
  const check = (raw: unknown): Checked<K> => {
    const parsed = parse(raw);
    if ('refusal' in parsed || takesLonger(controls, name)) return parsed;
    const reason = controls.whyRefused[name](parsed.input, undefined);
    return reason === undefined ? parsed : { refusal: reason };
  };
  const take = (input: ControlInputs[K], claims?: ControlClaims): Reason => {
    const { proof: _proof, ...rest } = input;
    const said = { ...rest, ...(claims && namesOf(name, claims.actor)) } as ControlInputs[K];
    const reason = controls.whyRefused[name](said, claims);
    if (reason === undefined) controls.apply[name](said, claims);
    return reason;
  };
  const takeSigned = async (input: ControlInputs[K]): Promise<Reason> => {
    const { signed } = controls;
    if (signed === undefined) return take(input);
    await untilOpened(signed);
    if (!asksForProof(signed, name)) return take(input);
    const who = await whoStandsBehind(signed, name, input);
    return 'refusal' in who ? who.refusal : take(input, who.claims);
  };
  const tell = (way: 'signal' | 'update', refusal: string): void => {
    controls.note(`${way} ${name} refused: ${refusal}`);
    controls.show();
  };
  const takeSignal = (raw: unknown): void | Promise<void> => {
    const parsed = parse(raw);
    if ('refusal' in parsed) return tell('signal', parsed.refusal);
    const finish = (refusal: Reason): void =>
      refusal === undefined ? controls.show() : tell('signal', refusal);
    if (!takesLonger(controls, name)) return finish(take(parsed.input));
    return takeSigned(parsed.input).then(finish);
  };
  const takeUpdate = (raw: unknown): StatusDocument | Promise<StatusDocument> => {
    const checked = check(raw);
    // The validator accepted it a moment ago; a change in between is refused as it would have been.
    if ('refusal' in checked) throw refused(checked.refusal);
    const finish = (refusal: Reason): StatusDocument => {
      if (refusal !== undefined) {
        tell('update', refusal);
        throw refused(refusal);
      }
      controls.show();
      return controls.status();
    };
    if (!takesLonger(controls, name)) return finish(take(checked.input));
    return takeSigned(checked.input).then(finish);
  };
  const description = controls.descriptions[name];
  setHandler(defineSignal<[unknown]>(name), takeSignal, { description });
  setHandler(defineUpdate<StatusDocument, [unknown]>(name), takeUpdate, {
    description,
    validator: (raw) => {
      const checked = check(raw);
      if ('refusal' in checked) throw refused(checked.refusal);
    },
  });
}

type Checked<K extends ControlName> = { input: ControlInputs[K] } | { refusal: string };

const refused = (refusal: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(refusal, 'Refused');

/** Whether it must first be known who asks: what is refused then has been asked for, and everybody sees that it was. */
const takesLonger = ({ signed }: Controls, name: ControlName): boolean =>
  signed !== undefined && (!isOpened(signed) || asksForProof(signed, name));

/** Whoever signed for it counts, whatever name was given. */
const namesOf = (name: ControlName, actor: string) =>
  name === 'tune'
    ? {}
    : name === 'approve' || name === 'reject'
      ? { approver: actor }
      : { by: actor };

/** ` by NAME (COMMENT)`, as far as they are known. */
export const by = (input: { by?: string; comment?: string }): string =>
  `${input.by ? ` by ${input.by}` : ''}${input.comment ? ` (${input.comment})` : ''}`;
