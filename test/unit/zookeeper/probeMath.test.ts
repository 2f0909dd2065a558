import fc from 'fast-check';
import {
  beginSegment,
  gapsOf,
  noteAck,
  noteUnobserved,
  openGapAt,
  silentMsAt,
  type GapState,
} from '../../../src/adapters/zookeeper/probeMath';

const THRESHOLD_MS = 250;
const START_MS = 1_000_000;

const run = (state: GapState, acks: number[]): GapState => acks.reduce(noteAck, state);
const begin = (before?: Parameters<typeof beginSegment>[2]): GapState =>
  beginSegment(START_MS, THRESHOLD_MS, before);

/** Times of acknowledgements after the start, in order. */
const ackTimes = fc
  .array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 40 })
  .map((steps) => {
    let at = START_MS;
    return steps.map((step) => (at += step));
  });

test('a silence of at least the threshold is a gap, from the acknowledgement before it', () => {
  const state = run(begin(), [START_MS + 50, START_MS + 100, START_MS + 350, START_MS + 599]);
  expect(state.gaps).toEqual([{ startedAtMs: START_MS + 100, gapMs: 250 }]);
  expect(state.acknowledged).toBe(4);
});

test('an acknowledgement that comes late neither opens nor ends a gap', () => {
  const state = run(begin(), [START_MS + 100, START_MS + 50]);
  expect(state).toMatchObject({ acknowledged: 2, lastAckMs: START_MS + 100, gaps: [] });
});

test('a silence over two segments is one gap; the time between them is unobserved', () => {
  const first = run(begin(), [START_MS + 10]);
  const endedMs = START_MS + 210;
  const second = beginSegment(endedMs + 5_000, THRESHOLD_MS, {
    lastAckMs: first.lastAckMs,
    endedMs,
    silentMs: silentMsAt(first, endedMs),
  });
  const state = noteAck(second, endedMs + 5_000 + 100);
  expect(first.gaps).toEqual([]);
  expect(state.gaps).toEqual([{ startedAtMs: START_MS + 10, gapMs: 300 }]);
  expect(state.unobservedMs).toBe(5_000);
});

test('where only the last acknowledgement is known, nothing since then is claimed', () => {
  const state = noteAck(begin({ lastAckMs: START_MS - 3_000 }), START_MS + 100);
  expect(state).toMatchObject({ gaps: [], unobservedMs: 3_000 });
});

test('time the prober itself stood still is in no gap', () => {
  const stalled = noteUnobserved(noteAck(begin(), START_MS + 10), START_MS + 910, 900);
  const state = noteAck(stalled, START_MS + 1_000);
  expect(state.gaps).toEqual([]);
  expect(state.unobservedMs).toBe(900);
});

test('a gap that still goes on is open, not yet counted', () => {
  const state = noteAck(begin(), START_MS + 10);
  expect(openGapAt(state, START_MS + 200)).toBeUndefined();
  expect(openGapAt(state, START_MS + 1_010)).toEqual({ startedAtMs: START_MS + 10, gapMs: 1_000 });
  expect(state.gaps).toEqual([]);
});

test('one acknowledgement at a time finds the gaps of the whole list', () => {
  fc.assert(
    fc.property(ackTimes, (acks) => {
      const whole = gapsOf(acks, { fromMs: START_MS, thresholdMs: THRESHOLD_MS });
      expect(run(begin(), acks).gaps).toEqual(whole);
    }),
  );
});

test('cut anywhere without a pause, two segments measure what one does', () => {
  fc.assert(
    fc.property(ackTimes, fc.integer({ min: 0, max: 60_000 }), (acks, cutAfterMs) => {
      const cutMs = START_MS + cutAfterMs;
      const first = run(
        begin(),
        acks.filter((at) => at <= cutMs),
      );
      const second = run(
        beginSegment(cutMs, THRESHOLD_MS, {
          lastAckMs: first.lastAckMs,
          endedMs: cutMs,
          silentMs: silentMsAt(first, cutMs),
        }),
        acks.filter((at) => at > cutMs),
      );
      const lengths = (state: GapState): number[] => state.gaps.map(({ gapMs }) => gapMs);
      expect([...lengths(first), ...lengths(second)]).toEqual(lengths(run(begin(), acks)));
      expect(second.unobservedMs).toBe(0);
    }),
  );
});

test('gaps and unobserved time never exceed the time that passed', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ack' as const), afterMs: fc.integer({ min: 0, max: 900 }) }),
    fc.record({ kind: fc.constant('stall' as const), afterMs: fc.integer({ min: 0, max: 900 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let at = START_MS;
      let state = begin();
      for (const { kind, afterMs } of steps) {
        at += afterMs;
        state = kind === 'ack' ? noteAck(state, at) : noteUnobserved(state, at, afterMs);
      }
      const claimed = state.gaps.reduce((sum, { gapMs }) => sum + gapMs, 0);
      expect(claimed + state.unobservedMs).toBeLessThanOrEqual(at - START_MS);
    }),
  );
});
