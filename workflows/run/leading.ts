/** Of a migration: how many clients are where clients are led to, as far as the steps tell. */
import type { PlanStep } from '../../src/model/plan';
import type { Leading } from '../../src/model/status';
import type { RunState } from './state';

/** Undefined where nobody is led, or all are there. `serving`: the side that takes writes. */
export function leadingOf(
  { plan, forwardPlan, steps }: Pick<RunState, 'plan' | 'forwardPlan' | 'steps'>,
  serving: 'source' | 'target',
): Leading | undefined {
  const returns = plan?.steps.filter(({ activity }) => activity === 'returnClients') ?? [];
  const isBack = returns.length > 0 && serving === 'source';
  const led = isBack ? returns : (forwardPlan?.steps ?? []).filter(leads);
  const begun = led.filter(({ id }) => steps[id]?.startedAt !== undefined);
  // Of a stretch one ensemble serves all along, and its clients are led while it does.
  if (!isBack && serving === 'source' && begun.length === 0) return undefined;
  const settled = begun.filter(({ id }) => steps[id]?.state === 'done');
  const told: Leading = {
    to: isBack ? 'source' : 'target',
    clients: countOf(led),
    led: settled.reduce((sum, step) => sum + ledBy(step, steps[step.id]?.detail), 0),
    ...(begun.length > settled.length && { begun: true }),
  };
  return told.led < told.clients ? told : undefined;
}

/** Of a resize such a step leads nobody by name. */
const leads = ({ activity, clients }: PlanStep): boolean =>
  activity === 'redirectClients' && clients !== undefined;

const countOf = (some: readonly PlanStep[]): number =>
  some.reduce((sum, { clients = [] }) => sum + clients.length, 0);

/** Some may have failed, as many as the input accepts: the step says so. */
const ledBy = (step: PlanStep, detail = ''): number =>
  countOf([step]) - Number(/(?:^|, )(\d+) failed\b/.exec(detail)?.[1] ?? 0);
