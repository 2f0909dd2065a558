/**
 * Which zxids the log objects of a timeline hold without a gap. An object says what it goes on after, so epochs need no
 * arithmetic: 0x200000001 comes right after 0x1000000a2 where an object says so.
 */
import type { LogObject } from '../../model/repository';
import type { TimelineContents } from './contents';
import { zxidValue } from '../../model/zxid';

/** Every transaction in `(after, upTo]` is held. */
export interface Island {
  after: bigint;
  upTo: bigint;
  /** In the order of `after`; they may overlap. None where only the snapshot of a base lies there. */
  objects: LogObject[];
}

interface Part {
  after: bigint;
  upTo: bigint;
  /** Of two that reach equally far the lower one is read. */
  rank: number;
  object?: LogObject;
}

function parts(contents: TimelineContents): Part[] {
  const of = (rank: number) => (object: LogObject) => ({
    ...{ after: zxidValue(object.after), upTo: zxidValue(object.last), rank, object },
  });
  return [
    ...contents.segments.map(of(0)),
    ...contents.unindexed.map(of(1)),
    ...contents.pieces.map(of(2)),
  ].filter(({ after, upTo }) => after < upTo);
}

const byAfter = (a: Part, b: Part): number =>
  a.after < b.after ? -1 : a.after > b.after ? 1 : a.rank - b.rank;

/**
 * In the order of zxids; between one and the next there is a gap. `points`: zxids that belong to an island even where
 * no log object holds them, as that of a snapshot which needs no log.
 */
export function islandsOf(contents: TimelineContents, points: readonly bigint[] = []): Island[] {
  const all: Part[] = [
    ...parts(contents),
    ...points.map((point) => ({ after: point, upTo: point, rank: 3 })),
  ].sort(byAfter);
  const islands: Island[] = [];
  for (const { after, upTo, object } of all) {
    let island = islands.at(-1);
    if (island === undefined || after > island.upTo) {
      island = { after, upTo, objects: [] };
      islands.push(island);
    }
    if (upTo > island.upTo) island.upTo = upTo;
    if (object !== undefined) island.objects.push(object);
  }
  return islands;
}

/** The one that holds what follows `zxid`, or ends there. */
export function islandAt(islands: readonly Island[], zxid: bigint): Island | undefined {
  return islands.find(({ after, upTo }) => after <= zxid && zxid <= upTo);
}

/**
 * The fewest objects that hold `(from, …]` as far as it goes without a gap, in the order to read them; with `upTo`,
 * no further than what holds that zxid. They may overlap: a reader drops what it has.
 */
export type Chain = (from: string, upTo?: string) => LogObject[];

/** For several chains of one timeline: its objects, which may be hundreds of thousands, are sorted once. */
export function chainsOf(contents: TimelineContents): Chain {
  const sorted = parts(contents).sort(byAfter);
  const longest: Part[] = [];
  for (const part of sorted) {
    const before = longest.at(-1);
    longest.push(before === undefined || goesFurther(part, before) ? part : before);
  }
  return (from, upTo) => {
    const end = upTo === undefined ? undefined : zxidValue(upTo);
    const chosen: LogObject[] = [];
    for (let reached = zxidValue(from); end === undefined || reached < end;) {
      const part = longest[countUpTo(sorted, reached) - 1];
      if (part?.object === undefined || part.upTo <= reached) break;
      chosen.push(part.object);
      reached = part.upTo;
    }
    return chosen;
  };
}

export const chain = (contents: TimelineContents, from: string, upTo?: string): LogObject[] =>
  chainsOf(contents)(from, upTo);

/** How many begin at `zxid` or before. */
function countUpTo(sorted: readonly Part[], zxid: bigint): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.after ?? 0n) <= zxid) low = middle + 1;
    else high = middle;
  }
  return low;
}

const goesFurther = (part: Part, than: Part): boolean =>
  part.upTo > than.upTo || (part.upTo === than.upTo && part.rank < than.rank);
