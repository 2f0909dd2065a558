/** Histories of transactions, and backups of them with overlaps, holes and bases anywhere. */
import fc from 'fast-check';
import type { LogObject } from '../../../src/model/repository';
import type {
  EnsembleContents,
  Extraction,
  ListedBase,
  TimelineContents,
} from '../../../src/planning/backup/contents';
import { keys, logObjectName } from '../../../src/planning/backup/keys';
import { zxidText, zxidValue } from '../../../src/model/zxid';

export const ENSEMBLE = 'orders';
export const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const BEGAN_MS = Date.parse('2026-02-01T00:00:00Z');

/** `zxids[k]`: after k transactions; `zxids[0]` is the empty tree. */
export interface History {
  zxids: bigint[];
  timesMs: number[];
}

export interface World {
  history: History;
  contents: TimelineContents;
}

export const sha = (number: number): string => number.toString(16).padStart(64, '0');

/** The object of the transactions `from + 1` to `to`, counted from 1. */
export function objectOf(
  history: History,
  timeline: number,
  [from, to]: readonly [number, number],
  place: 'log' | number,
): LogObject {
  const times = history.timesMs.slice(from + 1, to + 1);
  const facts = {
    after: zxidText(history.zxids[from] ?? 0n),
    last: zxidText(history.zxids[to] ?? 0n),
    txns: to - from,
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
    plainBytes: (to - from) * 100,
    sha256: sha(from * 1000 + to),
  };
  const prefix =
    place === 'log' ? keys.log(ENSEMBLE, timeline) : keys.pieces(ENSEMBLE, timeline, place);
  return { key: `${prefix}${logObjectName(facts, false)}`, ...facts };
}

export function baseOf(
  history: History,
  timeline: number,
  [snapshot, usable]: readonly [number, number],
  id: number,
): ListedBase {
  const usableFrom = zxidText(history.zxids[usable] ?? 0n);
  const name = id.toString(16).padStart(8, '0');
  const usableFromMs = history.timesMs[usable] ?? 0;
  return {
    key: keys.baseManifest(ENSEMBLE, timeline, usableFrom, name),
    ...{ format: 1, id: name, source: 'stream', members: [] },
    snapshot: {
      key: keys.baseSnapshot(ENSEMBLE, timeline, usableFrom, name, false),
      ...{ sha256: sha(id), bytes: 1, plainBytes: 1 },
    },
    snapshotZxid: zxidText(history.zxids[snapshot] ?? 0n),
    ...{ usableFrom, usableFromMs, takenAt: new Date(usableFromMs).toISOString() },
  };
}

export const timelineOf = (
  number: number,
  given: Partial<TimelineContents> = {},
): TimelineContents => ({
  ...{ number, generation: 1, bases: [], segments: [], pieces: [], holes: [], indexes: [] },
  ...{ unindexed: [], findings: [], ...given },
});

export const ensembleOf = (...timelines: TimelineContents[]): EnsembleContents => ({
  ensemble: ENSEMBLE,
  document: {
    ...{ format: 1, ensemble: ENSEMBLE, members: [], updatedAt: '2026-01-01T00:00:00Z' },
    timelines: [{ number: 1, startedAt: '2026-01-01T00:00:00Z', reason: 'the first one' }],
  },
  timelines,
});

/** `count` transactions in one epoch, a minute apart. */
export function plainHistory(count: number): History {
  const indexes = Array.from({ length: count + 1 }, (_, index) => index);
  return {
    zxids: indexes.map((index) => (index === 0 ? 0n : 0x100000000n + BigInt(index))),
    timesMs: indexes.map((index) => BEGAN_MS + index * 60_000),
  };
}

/** Epochs change anywhere; `risingTimes`: no clock ever runs back. */
export const anyHistory = (risingTimes: boolean): fc.Arbitrary<History> =>
  fc
    .array(
      fc.record({
        newEpoch: fc.boolean(),
        skipped: fc.integer({ min: 1, max: 3 }),
        stepMs: fc.oneof(
          fc.integer({ min: risingTimes ? 0 : -90_000_000, max: 90_000_000 }),
          fc.constant(0),
        ),
      }),
      { minLength: 1, maxLength: 24 },
    )
    .map((steps) => {
      const history: History = { zxids: [0n], timesMs: [BEGAN_MS] };
      let [zxid, timeMs] = [0x100000000n, BEGAN_MS];
      for (const { newEpoch, skipped, stepMs } of steps) {
        zxid = newEpoch ? ((zxid >> 32n) + BigInt(skipped)) << 32n : zxid;
        zxid += 1n;
        timeMs += stepMs;
        history.zxids.push(zxid);
        history.timesMs.push(timeMs);
      }
      return history;
    });

export const anyWorld = (options: { number?: number; risingTimes?: boolean } = {}) =>
  anyHistory(options.risingTimes ?? false).chain((history): fc.Arbitrary<World> => {
    const number = options.number ?? 1;
    const count = history.zxids.length - 1;
    const point = fc.integer({ min: 0, max: count });
    const range = fc.tuple(point, point).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const place = fc.constantFrom('segments', 'segments', 'pieces', 'unindexed', 'lost');
    return fc
      .record({
        cuts: fc.uniqueArray(point, { maxLength: 8 }),
        cutPlaces: fc.array(place, { minLength: 10, maxLength: 10 }),
        extra: fc.array(fc.tuple(range, place), { maxLength: 5 }),
        bases: fc.array(
          fc.tuple(range, fc.boolean()).map(([pair, exact]) => (exact ? [pair[0], pair[0]] : pair)),
          { maxLength: 5 },
        ),
      })
      .map(({ cuts, cutPlaces, extra, bases }) => {
        const contents = timelineOf(number);
        const put = (ends: readonly [number, number], where: (typeof cutPlaces)[number]) => {
          if (where === 'lost' || ends[0] === ends[1]) return;
          const object = objectOf(history, number, ends, where === 'pieces' ? 1 : 'log');
          const others = [...contents.segments, ...contents.pieces, ...contents.unindexed];
          if (!others.some(({ key }) => key === object.key)) contents[where].push(object);
        };
        const ends = [...new Set([0, ...cuts, count])].sort((a, b) => a - b);
        ends
          .slice(1)
          .forEach((to, index) => put([ends[index] ?? 0, to], cutPlaces[index] ?? 'lost'));
        for (const [one, where] of extra) put(one, where);
        contents.bases = bases.map(([from = 0, to = 0], id) =>
          baseOf(history, number, [from, to], id),
        );
        return { history, contents };
      });
  });

export const objectsOf = ({ segments, pieces, unindexed }: TimelineContents): LogObject[] => [
  ...segments,
  ...pieces,
  ...unindexed,
];

const indexOf = (history: History, zxid: string): number => history.zxids.indexOf(zxidValue(zxid));

/** By brute force: after which counts of transactions the tree can be had. */
export function restorableCounts({ history, contents }: World): Set<number> {
  const held = new Set<number>();
  for (const { after, last } of objectsOf(contents)) {
    for (let at = indexOf(history, after) + 1; at <= indexOf(history, last); at += 1) held.add(at);
  }
  const counts = new Set<number>();
  for (const base of contents.bases) {
    const usable = indexOf(history, base.usableFrom);
    for (let at = indexOf(history, base.snapshotZxid); at < history.zxids.length;) {
      if (at >= usable) counts.add(at);
      at += 1;
      if (!held.has(at)) break;
    }
  }
  return counts;
}

/** The transactions a restore ends up with, as counts; what the base is not sure to hold is not in it. */
export function replay(history: History, { base, objects, zxid }: Extraction): number[] {
  const first = indexOf(history, base.snapshotZxid);
  const applied = Array.from({ length: first }, (_, index) => index + 1);
  let at = first;
  for (const { after, last } of objects) {
    for (let next = indexOf(history, after) + 1; next <= indexOf(history, last); next += 1) {
      if (next <= at || (history.zxids[next] ?? 0n) > zxidValue(zxid)) continue;
      applied.push(next);
      at = next;
    }
  }
  return applied;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
