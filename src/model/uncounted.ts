/** Times in which nobody served, and no probe was there to see it: they are in no write gap. */
import type { Availability, Outage } from './status';

/** A gap and an outage of one and the same time differ by a few seconds: each is measured in its own way. */
const WORTH_TELLING_MS = 10_000;

export function uncountedOutages(
  { writeGaps, thresholdMs }: Pick<Availability, 'writeGaps' | 'thresholdMs'>,
  outages: readonly Outage[] = [],
): Outage[] {
  return outages.filter(({ closedAt, openedAt }) => {
    const from = Date.parse(closedAt);
    const to = openedAt === undefined ? Infinity : Date.parse(openedAt);
    // Seen, it would be no gap either.
    if (to - from < thresholdMs) return false;
    const overlaps = writeGaps.map(({ startedAt, gapMs }) => {
      const begins = Date.parse(startedAt);
      return Math.min(to, begins + gapMs) - Math.max(from, begins);
    });
    const seenMs = overlaps.reduce((sum, ms) => sum + Math.max(0, ms), 0);
    // The probe may have seen how it began: of one that lasts nobody knows yet how much that is.
    if (to === Infinity) return seenMs === 0;
    const unseenMs = to - from - seenMs;
    return unseenMs > seenMs || unseenMs > WORTH_TELLING_MS;
  });
}
