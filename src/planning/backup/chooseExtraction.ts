/** Which base and which objects a restore reads. What cannot be had is refused with what can: ./notRestorable.ts. */
import { ZkferryError } from '../../model/errors';
import type { LogObject } from '../../model/repository';
import type {
  EnsembleContents,
  Extraction,
  ListedBase,
  RestorableRange,
  TimelineContents,
} from './contents';
import { needsUpTo } from './gaps';
import { extractionTo } from './leadingBases';
import { chain } from './logCover';
import {
  afterLast,
  beforeFirst,
  insideHole,
  nothingThere,
  notLatest,
  refuse,
} from './notRestorable';
import { restorableRanges, usableBases } from './restorable';
import { standsAlone } from './standAlone';
import { isoTime, type Target } from './target';
import { compareZxids, maxZxid } from '../../model/zxid';

export interface ChooseOptions {
  /** Its number; the newest without it. */
  timeline?: number;
  /**
   * `older`: `latest` may be older than the last transaction that there was, where that cannot be restored or is not
   * known. Without it such a `latest` is refused.
   */
  accept?: readonly 'older'[];
  /** For a time: no transaction up to this zxid is later, as a reader found that saw none later in `object`. */
  clearedUpTo?: string;
}

/** For a time: which transaction it is, only what is in `object` tells. */
export interface TimeChoice {
  kind: 'time';
  /** Ms since 1970: the restore ends before the first transaction later than this. */
  stopAfterMs: number;
  /** No transaction up to this zxid is later. */
  after: string;
  /**
   * Holds the first one that is later. Where none in it after `after` is (the later one then comes before the first
   * restorable one, by a clock that ran ahead), choose again with `clearedUpTo` its `last`.
   */
  object: LogObject;
  /** Newest base first, each up to the end of `object`; the last one fits any transaction in it. */
  candidates: Extraction[];
}

export type Choice = { kind: 'chosen'; extraction: Extraction } | TimeChoice;

/** @throws ZkferryError NotRestorable, InvalidInput for a timeline that is not there */
export function chooseExtraction(
  contents: EnsembleContents,
  target: Target,
  options: ChooseOptions = {},
): Choice {
  const timeline = timelineOf(contents, options.timeline);
  const ranges = restorableRanges(timeline);
  const last = ranges.at(-1);
  if (last === undefined) throw nothingThere(contents, timeline);
  switch (target.kind) {
    case 'latest': {
      const refusal = notLatest(contents, timeline, last, options.timeline !== undefined);
      if (refusal !== undefined && options.accept?.includes('older') !== true) throw refusal;
      return { kind: 'chosen', extraction: extractionTo(timeline, last.to) };
    }
    case 'zxid':
      checkZxid(target, timeline, ranges);
      return { kind: 'chosen', extraction: extractionTo(timeline, target.zxid) };
    case 'time':
      return byTime(timeline, ranges, target.timeMs, options.clearedUpTo);
  }
}

/**
 * What a time comes to, once the transaction is found: the last one in `choice.object` and after `choice.after` before
 * the first one later than `choice.stopAfterMs`, or `choice.after` where that first one is the first of them.
 *
 * @throws ZkferryError NotRestorable where no candidate fits, which is where `zxid` is not of that object
 */
export function settleTime(choice: TimeChoice, zxid: string): Extraction {
  const fits = choice.candidates.find(({ base }) => compareZxids(needsUpTo(base), zxid) <= 0);
  if (fits === undefined || compareZxids(zxid, choice.object.last) > 0) {
    throw refuse(`${zxid} is not what ${choice.object.key} was chosen for: list the backup again`);
  }
  const objects = fits.objects.filter(({ after }) => compareZxids(after, zxid) < 0);
  return { ...fits, objects, zxid };
}

function timelineOf(contents: EnsembleContents, number: number | undefined): TimelineContents {
  const sorted = [...contents.timelines].sort((a, b) => a.number - b.number);
  const found = number === undefined ? sorted.at(-1) : sorted.find((one) => one.number === number);
  if (found !== undefined) return found;
  if (sorted.length === 0) throw refuse(`the backup of ${contents.ensemble} holds nothing yet`);
  const known = sorted.map((one) => one.number).join(', ');
  throw new ZkferryError(
    'InvalidInput',
    `the backup of ${contents.ensemble} has no timeline ${number}: it has ${known}`,
  );
}

function checkZxid(
  target: Extract<Target, { kind: 'zxid' }>,
  timeline: TimelineContents,
  ranges: readonly RestorableRange[],
): void {
  const { zxid } = target;
  const next = ranges.findIndex(({ to }) => compareZxids(zxid, to) <= 0);
  const [before, range] = [ranges[next - 1], ranges[next]];
  if (range === undefined) {
    throw afterLast(zxid, timeline, ranges, 'ask for "latest", or a zxid in it');
  }
  if (compareZxids(range.from, zxid) <= 0) return;
  if (before === undefined) throw beforeFirst(zxid, timeline, ranges);
  throw insideHole(zxid, timeline, before, range);
}

/**
 * The last transaction before the first one, in the order of zxids and from the first restorable one on, that is later
 * than the time: clocks of leaders differ, so times need not rise with zxids.
 */
function byTime(
  timeline: TimelineContents,
  ranges: readonly RestorableRange[],
  timeMs: number,
  cleared: string | undefined,
): Choice {
  const shown = isoTime(timeMs);
  const usable = usableBases(timeline).map(({ base }) => base);
  const standing = new Map(usable.filter(standsAlone).map((base) => [base.key, base]));
  const onLog = usable.filter((base) => !standsAlone(base));
  for (const [index, range] of ranges.entries()) {
    const alone = standing.get(range.base);
    const bases = alone ? [alone] : onLog.filter((base) => within(range, needsUpTo(base)));
    const [first] = bases;
    if (first === undefined) continue;
    if (first.usableFromMs > timeMs) {
      const end = shownAt(ranges, index, timeMs);
      if (end !== undefined) return { kind: 'chosen', extraction: extractionTo(timeline, end) };
      const before = ranges[index - 1];
      throw before === undefined
        ? beforeFirst(shown, timeline, ranges)
        : insideHole(shown, timeline, before, range);
    }
    if (alone !== undefined) continue;
    const from = cleared === undefined ? range.from : maxZxid(range.from, cleared);
    const choice = inRange(timeline, from, bases, timeMs);
    if (choice !== undefined) return choice;
  }
  const end = shownAt(ranges, ranges.length, timeMs);
  if (end !== undefined) return { kind: 'chosen', extraction: extractionTo(timeline, end) };
  throw afterLast(shown, timeline, ranges, 'use --at latest for the newest there is');
}

/**
 * The end of a range that is shown with the very time: whoever asks for what a listing shows means that, though more of
 * the same millisecond may be missing. In the `passed` ranges nothing is later.
 */
function shownAt(
  ranges: readonly RestorableRange[],
  passed: number,
  timeMs: number,
): string | undefined {
  const begins = ({ fromMs }: RestorableRange) => fromMs === timeMs;
  const ends = ({ toMs }: RestorableRange) => toMs === timeMs;
  const [before, after] = [ranges.slice(0, passed), ranges.slice(passed)];
  const shown = before.findLast(ends) ?? before.findLast(begins);
  return shown?.to ?? after.find(begins)?.from ?? after.find(ends)?.to;
}

const within = ({ from, to }: RestorableRange, zxid: string): boolean =>
  compareZxids(from, zxid) <= 0 && compareZxids(zxid, to) <= 0;

/** Undefined where no transaction after `from` is later. `bases`: those of the range, at least one, oldest first. */
function inRange(
  timeline: TimelineContents,
  from: string,
  bases: readonly ListedBase[],
  timeMs: number,
): TimeChoice | undefined {
  // The base that is usable first need not be the one that was begun first.
  const [start] = bases.map(({ snapshotZxid }) => snapshotZxid).sort(compareZxids);
  if (start === undefined) return undefined;
  const log = chain(timeline, start);
  const at = log.findIndex(({ last, toMs }) => compareZxids(last, from) > 0 && toMs > timeMs);
  const object = log[at];
  if (object === undefined) return undefined;
  const after = maxZxid(log[at - 1]?.last ?? from, from);
  const upTo = bases.filter((base) => compareZxids(needsUpTo(base), object.last) <= 0);
  const oldest = upTo.findLastIndex((base) => compareZxids(needsUpTo(base), after) <= 0);
  const candidates = upTo
    .slice(oldest)
    .reverse()
    .map((base) => ({
      timeline: timeline.number,
      base,
      // Of one chain, so that all end with the same object.
      objects: log.slice(0, at + 1).filter(({ last }) => compareZxids(last, base.snapshotZxid) > 0),
      zxid: object.last,
    }));
  return { kind: 'time', stopAfterMs: timeMs, after, object, candidates };
}
