/** Of a migration between two ensembles: the times in which nobody serves, from the proof of one side to that of the other. */
import type { PlanStep } from '../../../src/model/plan';
import type { Outage, UpgradeReport } from '../../../src/model/status';
import { uncountedOutages } from '../../../src/model/uncounted';
import { migrationInput, type RunState } from '../state';

type Side = NonNullable<PlanStep['side']>;

/** A fence that is proven once more does not begin another outage. */
export function closed(state: RunState, side: Side, at: string): void {
  if (currentOutage(state) === undefined)
    state.outages = [...(state.outages ?? []), { closed: side, closedAt: at }];
}

export function opened(state: RunState, side: Side, at: string): void {
  const outage = currentOutage(state);
  if (outage) Object.assign(outage, { opened: side, openedAt: at });
}

export function currentOutage({ outages = [] }: RunState): Outage | undefined {
  const last = outages.at(-1);
  return last?.openedAt === undefined ? last : undefined;
}

/** Servers that were stopped are open only once they are seen to serve; others as soon as clients reach them. */
export function provesOpen(state: RunState, { activity, side }: PlanStep): boolean {
  if (state.plan?.direction === 'forward')
    return activity === 'openNewSide' || activity === 'verifyRestored';
  if (side !== 'source') return false;
  return migrationInput(state)?.mode === 'physical'
    ? activity === 'verifyRestored' || activity === 'verifyBroughtBack'
    : activity === 'liftFence';
}

/** Steps by which a side begins to serve. */
const begins: readonly PlanStep['activity'][] = ['startEnsemble', 'openNewSide', 'liftFence'];

export function writesNow(state: RunState): 'taken' | 'closing' | 'refused' | 'opening' {
  const outage = currentOutage(state);
  if (outage === undefined) return isClosing(state) ? 'closing' : 'taken';
  // Of the plan in force such steps all come after the fence.
  const isOpening = state.plan?.steps.some(
    ({ id, activity }) => begins.includes(activity) && state.steps[id]?.startedAt !== undefined,
  );
  return isOpening ? 'opening' : 'refused';
}

/** A fence that is being raised, or was not proven: some servers may refuse clients until it is proven or lifted. */
function isClosing({ plan, forwardPlan, steps, outages = [] }: RunState): boolean {
  const all = [...(forwardPlan?.steps ?? []), ...(plan?.steps ?? [])];
  return all.some(({ id, activity, side }) => {
    const { state, startedAt = '' } = steps[id] ?? {};
    if (activity !== 'fenceServers' || (state !== 'running' && state !== 'failed')) return false;
    const since = outages.at(-1)?.openedAt ?? '';
    const lifted = all.some(
      (other) =>
        other.activity === 'liftFence' &&
        other.side === side &&
        steps[other.id]?.state === 'done' &&
        (steps[other.id]?.startedAt ?? '') >= startedAt,
    );
    return startedAt >= since && !lifted;
  });
}

/** One line for reports. */
export function outageText(
  { closed: from, closedAt, opened: to, openedAt }: Outage,
  { forwardPlan }: RunState,
): string {
  const nameOf = (side: Side): string => forwardPlan?.migration?.[side] ?? `the ${side}`;
  if (to === undefined || openedAt === undefined)
    return `${nameOf(from)} closed ${closedAt}: nobody is proven to serve since`;
  const seconds = ((Date.parse(openedAt) - Date.parse(closedAt)) / 1_000).toFixed(1);
  return `${nameOf(from)} closed ${closedAt}, ${nameOf(to)} proven open ${openedAt}: ${seconds} s`;
}

/** Of a report's write gaps: what is not among them, since no probe wrote; empty where all is. */
export function uncountedText({
  availability,
  outages,
}: Pick<UpgradeReport, 'availability' | 'outages'>): string {
  const times = uncountedOutages(availability, outages).map(({ closedAt, openedAt }) =>
    openedAt === undefined
      ? `nobody is proven to serve since ${closedAt}`
      : `nobody served from ${closedAt} to ${openedAt}`,
  );
  return times.length === 0 ? '' : `not counted here: ${times.join(', ')}`;
}
