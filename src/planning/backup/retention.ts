/** What a retention keeps of an ensemble's backup and what goes, as data. Pure: nothing is deleted here. */
import type { Hole, LogObject } from '../../model/repository';
import type { RetentionSpec } from '../../model/repositorySpec';
import type { EnsembleContents, ListedBase, TimelineContents } from './contents';
import { needsUpTo } from './gaps';
import {
  anchorsOf,
  candidatesOf,
  dailyAndWeekly,
  groupBy,
  type Candidate,
  type KeepReason,
  type KeptBase,
} from './keptBases';
import { chainsOf } from './logCover';
import { parseKey } from './parseKey';
import { compareZxids } from '../../model/zxid';

export type { KeepReason, KeptBase } from './keptBases';

export interface RetentionPlan {
  keep: KeptBase[];
  /** Their manifests go first, so that no manifest leads to what is gone. */
  deleteBases: ListedBase[];
  deleteSegments: LogObject[];
  deletePieces: LogObject[];
  /** Keys: what no index and no manifest leads to, or is damaged, and is older than what is kept. */
  deleteOthers: string[];
  /** Named holes that lie in nothing that is kept: the state need not name them any longer. */
  dropHoles: { timeline: number; hole: Hole }[];
  /** Nothing of them is kept. */
  deleteTimelines: number[];
  /** All transactions after `zxid` stay, in the timelines that keep more than single bases. */
  keepsFrom: { timeline: number; zxid: string }[];
}

/**
 * Keeps whatever would leave nothing restorable, and plans nothing at all where nothing is restorable. A base that
 * cannot be used counts for nothing, and stays while it is newer than what is kept.
 *
 * @param nowMs ms since 1970
 */
export function planRetention(
  contents: EnsembleContents,
  spec: RetentionSpec,
  nowMs: number,
): RetentionPlan {
  const plan: RetentionPlan = {
    ...{ keep: [], deleteBases: [], deleteSegments: [], deletePieces: [], deleteOthers: [] },
    ...{ dropHoles: [], deleteTimelines: [], keepsFrom: [] },
  };
  const candidates = candidatesOf(contents);
  const newest = candidates.at(-1)?.timeline.number;
  if (newest === undefined) return plan;
  const kept = keptOf(candidates, spec, nowMs);
  const byTimeline = groupBy([...kept.keys()], ({ timeline }) => timeline);
  for (const timeline of contents.timelines) {
    const bases = byTimeline.get(timeline) ?? [];
    // A timeline that has just begun has no base yet, or one that is being taken.
    if (bases.length === 0 && timeline.number > newest) continue;
    if (bases.length === 0) plan.deleteTimelines.push(timeline.number);
    planTimeline(plan, timeline, bases, kept);
  }
  return plan;
}

function keptOf(
  candidates: readonly Candidate[],
  spec: RetentionSpec,
  nowMs: number,
): Map<Candidate, KeepReason[]> {
  const kept = new Map<Candidate, KeepReason[]>();
  const anchors = anchorsOf(candidates, spec, nowMs);
  // Of each timeline in the order of its bases; where each stands alone there may be thousands.
  const since = new Map<TimelineContents, Set<KeepReason>>();
  for (const candidate of candidates) {
    const reasons = since.get(candidate.timeline) ?? new Set<KeepReason>();
    since.set(candidate.timeline, reasons);
    const reason = anchors.get(candidate);
    if (reason !== undefined) reasons.add(reason);
    if (reasons.size > 0) kept.set(candidate, [...reasons]);
  }
  const older = candidates.filter((candidate) => !kept.has(candidate));
  for (const [candidate, reasons] of dailyAndWeekly(older, spec)) kept.set(candidate, reasons);
  return kept;
}

const isContinuous = (reasons: readonly KeepReason[] = []): boolean =>
  reasons.includes('newest') || reasons.includes('days');

/** Adds what becomes of one timeline, of which `bases` are kept. */
function planTimeline(
  plan: RetentionPlan,
  timeline: TimelineContents,
  bases: readonly Candidate[],
  kept: ReadonlyMap<Candidate, KeepReason[]>,
): void {
  const continuous = bases.filter((candidate) => isContinuous(kept.get(candidate)));
  const [from] = continuous.map(({ base }) => base.snapshotZxid).sort(compareZxids);
  const [usableFrom] = continuous.map(({ base }) => needsUpTo(base)).sort(compareZxids);
  const chain = chainsOf(timeline);
  const needed = new Set(
    bases.flatMap(({ base }) => chain(base.snapshotZxid, needsUpTo(base)).map(({ key }) => key)),
  );
  const stays = ({ key, last }: LogObject) =>
    needed.has(key) || (from !== undefined && compareZxids(last, from) > 0);
  const goes = (object: LogObject) => !stays(object);
  const keptBases = new Set(bases.map(({ base }) => base));
  const isNewer = (zxid: string) => usableFrom !== undefined && compareZxids(zxid, usableFrom) >= 0;
  for (const candidate of bases) {
    const reasons = kept.get(candidate) ?? [];
    plan.keep.push({ timeline: timeline.number, base: candidate.base, reasons });
  }
  add(
    plan.deleteBases,
    timeline.bases.filter((base) => !keptBases.has(base) && !isNewer(needsUpTo(base))),
  );
  add(plan.deleteSegments, timeline.segments.filter(goes));
  add(plan.deletePieces, timeline.pieces.filter(goes));
  const unindexed = timeline.unindexed.filter(goes).map(({ key }) => key);
  add(plan.deleteOthers, [...unindexed, ...garbage(timeline, from, isNewer)]);
  const isOver = ({ upTo }: Hole) => from === undefined || compareZxids(upTo, from) <= 0;
  add(
    plan.dropHoles,
    timeline.holes.filter(isOver).map((hole) => ({ timeline: timeline.number, hole })),
  );
  if (from !== undefined) plan.keepsFrom.push({ timeline: timeline.number, zxid: from });
}

/** One by one: a year's segments are more than a call takes as arguments. */
function add<T>(list: T[], more: readonly T[]): void {
  for (const one of more) list.push(one);
}

/** What findings name, older than what is kept; files that are not ours are left alone. */
function garbage(
  timeline: TimelineContents,
  from: string | undefined,
  isNewer: (usableFrom: string) => boolean,
): string[] {
  const known = new Set(
    [...timeline.segments, ...timeline.pieces, ...timeline.unindexed, ...timeline.bases].flatMap(
      (one) => ('snapshot' in one ? keysOf(one) : [one.key]),
    ),
  );
  const isOld = (key: string): boolean => {
    const parsed = parseKey(key);
    if (parsed === undefined || !('timeline' in parsed)) return false;
    if (parsed.timeline !== timeline.number || known.has(key)) return false;
    if ('object' in parsed) {
      return from === undefined || compareZxids(parsed.object.last, from) <= 0;
    }
    return 'usableFrom' in parsed && !isNewer(parsed.usableFrom);
  };
  const named = timeline.findings.flatMap(({ code, key }) =>
    key === undefined || code === 'ObjectMissing' ? [] : [key],
  );
  return [...new Set(named)].filter(isOld);
}

/** Whatever belongs to a base, its manifest first. */
export const keysOf = (base: ListedBase): string[] => [
  base.key,
  base.snapshot.key,
  ...(base.configuration === undefined ? [] : [base.configuration.key]),
];
