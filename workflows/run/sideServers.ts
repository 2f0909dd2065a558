/** Of a migration: which servers a firewall closes, and which ones steps went without. */
import type { StepResult } from '../../activities/api';
import type { PlanStep } from '../../src/model/plan';
import type { ClosedServer, LeftOutServer } from '../../src/model/status';
import type { RunState } from './state';

type Side = NonNullable<PlanStep['side']>;

export interface SideServers {
  closed: ClosedServer[];
  /** `by`: the step, by its id, that went without it. */
  leftOut: (LeftOutServer & { by: string })[];
}

/** A result says all that is so of its side after it. */
export function noteServers(
  state: RunState,
  { id, activity, side: own }: PlanStep,
  { closed, opened = [], leftOut }: Pick<StepResult, 'closed' | 'opened' | 'leftOut'>,
): void {
  const side: Side | undefined = own ?? (activity === 'retireServers' ? 'source' : undefined);
  if (side === undefined || (closed ?? leftOut) === undefined) return;
  const known = (state.sideServers ??= { closed: [], leftOut: [] });
  const elsewhere = (one: { side: Side }): boolean => one.side !== side;
  if (closed !== undefined)
    known.closed = [
      ...known.closed.filter(elsewhere),
      ...closed.map((one): ClosedServer => ({ side, ...one })),
    ];
  known.closed = known.closed.filter((one) => elsewhere(one) || !opened.includes(one.server));
  if (leftOut !== undefined)
    known.leftOut = [
      ...known.leftOut.filter(elsewhere),
      ...leftOut.map((one) => ({ side, by: id, ...one })),
    ];
}

/**
 * Whom a step of the way back is not to touch: who was left out when the old side was given its data would otherwise be
 * started beside the others on what it had, or be opened, halfway.
 */
export function withoutIn({ plan, sideServers }: RunState, { side }: PlanStep): string[] {
  if (plan?.direction !== 'rollback' || side !== 'source') return [];
  return (sideServers?.leftOut ?? [])
    .filter((one) => one.side === side && plan.steps.some(({ id }) => id === one.by))
    .map(({ server }) => server);
}

/** For people, once a run is over. */
export function sideServerLines({ sideServers }: RunState): string[] {
  const { closed = [], leftOut = [] } = sideServers ?? {};
  return [
    ...leftOut.map(
      ({ server, why, byHand, startByHand }) =>
        `  ${server} is left as it is (${why}): ${byHand}${startByHand === undefined ? '' : `: ${startByHand}`}`,
    ),
    ...closed.map(
      ({ server, openByHand }) =>
        `  ${server} is still closed to clients by its host's firewall; to open it, as root there: ${openByHand}`,
    ),
  ];
}
