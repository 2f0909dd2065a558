/**
 * The arithmetic of write gaps, over times of acknowledgements (ms since the epoch, fractions allowed). Pure.
 *
 * A gap is a stretch of *observed* time without any acknowledgement, at least the threshold long. Time in
 * which nobody looked (between segments, while connecting at the start, while the prober itself stood
 * still) is `unobservedMs` and part of no gap.
 */

export interface MeasuredGap {
  /** The acknowledgement before it, or the time observation began. */
  startedAtMs: number;
  gapMs: number;
}

export interface GapState {
  readonly thresholdMs: number;
  /** Observed silence up to here is `carriedMs`; from here on every ms counts. */
  readonly originMs: number;
  /** Observed silence of earlier segments. */
  readonly carriedMs: number;
  readonly silentSinceMs: number;
  readonly lastAckMs?: number;
  readonly acknowledged: number;
  readonly gaps: readonly MeasuredGap[];
  /** Gaps beyond the bound: counted, not listed. */
  readonly omittedGaps: number;
  readonly unobservedMs: number;
}

/** How the segment before ended. `silentMs`: observed time since its last acknowledgement. */
export interface SegmentEnd {
  lastAckMs?: number;
  endedMs?: number;
  silentMs?: number;
}

const MAX_GAPS = 1_000;

/**
 * Where the segment before says when it ended, a silence that spans both is one gap; where it says only its
 * last acknowledgement, all time since then is unobserved.
 */
export function beginSegment(startMs: number, thresholdMs: number, before?: SegmentEnd): GapState {
  const endedMs = before?.endedMs ?? before?.lastAckMs ?? startMs;
  const carriedMs = before?.endedMs === undefined ? 0 : Math.max(0, before.silentMs ?? 0);
  return {
    thresholdMs,
    originMs: startMs,
    carriedMs,
    silentSinceMs: carriedMs > 0 ? (before?.lastAckMs ?? endedMs - carriedMs) : startMs,
    acknowledged: 0,
    gaps: [],
    omittedGaps: 0,
    unobservedMs: Math.max(0, startMs - endedMs),
    ...(before?.lastAckMs !== undefined && { lastAckMs: before.lastAckMs }),
  };
}

export const silentMsAt = (state: GapState, atMs: number): number =>
  state.carriedMs + Math.max(0, atMs - state.originMs);

function withGap(state: GapState, gapMs: number): GapState {
  if (gapMs < state.thresholdMs) return state;
  if (state.gaps.length >= MAX_GAPS) return { ...state, omittedGaps: state.omittedGaps + 1 };
  return { ...state, gaps: [...state.gaps, { startedAtMs: state.silentSinceMs, gapMs }] };
}

/** A write was acknowledged at `atMs`. Out of order is allowed: it counts, but opens and ends nothing. */
export function noteAck(state: GapState, atMs: number): GapState {
  const counted = { ...state, acknowledged: state.acknowledged + 1 };
  if (atMs < state.originMs) return counted;
  return {
    ...withGap(counted, silentMsAt(state, atMs)),
    originMs: atMs,
    carriedMs: 0,
    silentSinceMs: atMs,
    lastAckMs: atMs,
  };
}

/** Nothing was looked at during the `stallMs` up to `atMs`. */
export function noteUnobserved(state: GapState, atMs: number, stallMs: number): GapState {
  const unseenMs = Math.min(stallMs, Math.max(0, atMs - state.originMs));
  if (unseenMs <= 0) return state;
  return {
    ...state,
    originMs: state.originMs + unseenMs,
    silentSinceMs:
      state.carriedMs === 0 && state.lastAckMs === undefined ? atMs : state.silentSinceMs,
    unobservedMs: state.unobservedMs + unseenMs,
  };
}

/** The silence that goes on at `atMs`, if it is a gap by now. It is reported by the segment that sees its end. */
export function openGapAt(state: GapState, atMs: number): MeasuredGap | undefined {
  const gapMs = silentMsAt(state, atMs);
  return gapMs < state.thresholdMs ? undefined : { startedAtMs: state.silentSinceMs, gapMs };
}

/** Gaps of a whole list at once: acknowledgements in any order, observed from `fromMs` to the last of them. */
export function gapsOf(
  acks: readonly number[],
  { fromMs, thresholdMs }: { fromMs: number; thresholdMs: number },
): MeasuredGap[] {
  const sorted = acks.filter((at) => at >= fromMs).sort((a, b) => a - b);
  return [fromMs, ...sorted.slice(0, -1)]
    .map((startedAtMs, index) => ({ startedAtMs, gapMs: (sorted[index] ?? 0) - startedAtMs }))
    .filter(({ gapMs }) => gapMs >= thresholdMs);
}
