/** Which bases a retention keeps, and why. */
import type { RetentionSpec } from '../../model/repositorySpec';
import type { EnsembleContents, ListedBase, TimelineContents } from './contents';
import { needsUpTo } from './gaps';
import { usableBases, type UsableBase } from './restorable';
import { zxidValue } from '../../model/zxid';

/** `newest`: of so many bases; `days`: of the log of so many days. All log after such a base stays. */
export type KeepReason = 'newest' | 'days' | 'daily' | 'weekly';

export interface KeptBase {
  timeline: number;
  base: ListedBase;
  reasons: KeepReason[];
}

/** A usable base of any timeline. */
export interface Candidate extends UsableBase {
  timeline: TimelineContents;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** Oldest first: by timeline, then by zxid. */
export function candidatesOf(contents: EnsembleContents): Candidate[] {
  return [...contents.timelines]
    .sort((a, b) => a.number - b.number)
    .flatMap((timeline) => usableBases(timeline).map((usable) => ({ ...usable, timeline })));
}

/** From each of these on, a timeline keeps all. */
export function anchorsOf(
  candidates: readonly Candidate[],
  spec: RetentionSpec,
  nowMs: number,
): Map<Candidate, KeepReason> {
  const anchors = new Map<Candidate, KeepReason>();
  if (spec.days !== undefined) {
    const sinceMs = nowMs - spec.days * DAY_MS;
    for (const group of groupBy(candidates, ({ island }) => island).values()) {
      const anchor = anchorOfDays(group, sinceMs, nowMs);
      if (anchor !== undefined) anchors.set(anchor, 'days');
    }
  }
  const newest = candidates.slice(-Math.max(1, spec.bases ?? 1));
  for (const group of groupBy(newest, ({ timeline }) => timeline).values()) {
    const [first] = group;
    if (first !== undefined) anchors.set(first, 'newest');
  }
  return anchors;
}

/**
 * The newest base of an island from which everything since then is restorable, or the island's first; undefined where
 * all of it is older. A time later than now is a clock's mistake and says nothing.
 */
function anchorOfDays(
  island: readonly Candidate[],
  sinceMs: number,
  nowMs: number,
): Candidate | undefined {
  const [oldest] = island;
  if (oldest === undefined) return undefined;
  const restorableFrom = zxidValue(needsUpTo(oldest.base));
  const recent = [
    ...oldest.island.objects
      .filter(({ last }) => zxidValue(last) > restorableFrom)
      .filter(({ fromMs, toMs }) => (toMs > nowMs ? fromMs : toMs) >= sinceMs)
      .map(({ after }) => zxidValue(after)),
    ...island
      .filter(({ base }) => base.usableFromMs >= sinceMs)
      .map(({ base }) => zxidValue(needsUpTo(base))),
  ];
  if (recent.length === 0) return undefined;
  const first = recent.reduce((a, b) => (a < b ? a : b));
  return island.findLast(({ base }) => zxidValue(needsUpTo(base)) <= first) ?? oldest;
}

/** The first base of each of so many UTC days and weeks (from Monday on), of `older`: those no anchor keeps. */
export function dailyAndWeekly(
  older: readonly Candidate[],
  spec: RetentionSpec,
): Map<Candidate, KeepReason[]> {
  const kept = new Map<Candidate, KeepReason[]>();
  const keep = (reason: KeepReason, count: number, periodOf: (timeMs: number) => number) => {
    const byTime = [...older].sort((a, b) => a.base.usableFromMs - b.base.usableFromMs);
    const periods = groupBy(byTime, ({ base }) => periodOf(base.usableFromMs));
    const newest = count === 0 ? [] : [...periods.values()].slice(-count);
    for (const [first] of newest) {
      if (first !== undefined) kept.set(first, [...(kept.get(first) ?? []), reason]);
    }
  };
  keep('daily', spec.daily, (timeMs) => Math.floor(timeMs / DAY_MS));
  keep('weekly', spec.weekly, (timeMs) => Math.floor((timeMs - FIRST_MONDAY_MS) / (7 * DAY_MS)));
  return kept;
}

export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
