/** How a run ended: by its own word, or by Temporal's where it was ended from outside and could not say any. */
import type { StatusDocument, UpgradeReport } from './status';

/** Temporal's words for ends of which a run's own status never hears. */
const FROM_OUTSIDE = {
  TERMINATED: 'terminated',
  CANCELLED: 'cancelled',
  TIMED_OUT: 'timedOut',
  FAILED: 'failed',
} as const;

export type OutsideEnd = (typeof FROM_OUTSIDE)[keyof typeof FROM_OUTSIDE];
export type RunOutcome = UpgradeReport['outcome'] | OutsideEnd;

export const RUN_OUTCOMES = [
  ...(['completed', 'rolledBack', 'rejected', 'failed'] as const),
  ...(['terminated', 'cancelled', 'timedOut'] as const),
] satisfies RunOutcome[];

/** @param word Temporal's own; undefined for one that says nothing against the run's own word */
export const outsideEndOf = (word: string): OutsideEnd | undefined =>
  Object.hasOwn(FROM_OUTSIDE, word) ? FROM_OUTSIDE[word as keyof typeof FROM_OUTSIDE] : undefined;

const SAID: Record<OutsideEnd, string> = {
  terminated: 'terminated from outside',
  cancelled: 'cancelled from outside',
  timedOut: 'timed out in Temporal',
  failed: 'failed in Temporal',
};

/** The status that such a run told last, as one that is over: nobody is asked anything any more, and nothing is under way. */
export const endedFromOutside = (
  last: StatusDocument,
  closed: OutsideEnd,
  closedAt?: string,
): StatusDocument => ({
  ...last,
  state: 'failed',
  closed,
  headline: `${SAID[closed]}${closedAt === undefined ? '' : ` at ${closedAt}`}, at: ${last.headline}`,
  gate: undefined,
  paused: undefined,
  retrying: undefined,
  throttle: { ...last.throttle, cause: null },
  nextActions: [],
  rollback: { possible: false, reason: 'the run is over; what was begun stays as it is' },
});
