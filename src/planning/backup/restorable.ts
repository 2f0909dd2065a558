/** What can be restored of a timeline, and what stands against the rest. */
import type { ContentFinding, ListedBase, RestorableRange, TimelineContents } from './contents';
import { explainGap, gapsOf, islandsWithBases, needsUpTo, type Gap } from './gaps';
import { islandAt, type Island } from './logCover';
import { isMeant, standsAlone } from './standAlone';
import { compareZxids, zxidText, zxidValue } from '../../model/zxid';

/** A base whose log is whole as far as it needs it, and the island that it restores within. */
export interface UsableBase {
  base: ListedBase;
  island: Island;
}

/** By the zxid from which they are usable; of equal ones the one taken later comes later. */
export const compareBases = (a: ListedBase, b: ListedBase): number =>
  compareZxids(needsUpTo(a), needsUpTo(b)) ||
  Date.parse(a.takenAt) - Date.parse(b.takenAt) ||
  (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** In the order of `compareBases`. */
export function usableBases(contents: TimelineContents): UsableBase[] {
  const islands = islandsWithBases(contents);
  return [...contents.bases].sort(compareBases).flatMap((base) => {
    if (standsAlone(base)) return [{ base, island: ownIsland(base) }];
    const island = islandAt(islands, zxidValue(base.snapshotZxid));
    return island !== undefined && island.upTo >= zxidValue(needsUpTo(base))
      ? [{ base, island }]
      : [];
  });
}

const ownIsland = (base: ListedBase): Island => {
  const point = zxidValue(needsUpTo(base));
  return { after: point, upTo: point, objects: [] };
};

/** In the order of zxids; between one and the next something cannot be restored. */
export function restorableRanges(contents: TimelineContents): RestorableRange[] {
  const first = new Map<Island, ListedBase>();
  for (const { base, island } of usableBases(contents)) {
    if (!first.has(island)) first.set(island, base);
  }
  const log: RestorableRange[] = [];
  const points: RestorableRange[] = [];
  for (const [island, base] of first)
    (standsAlone(base) ? points : log).push(rangeOf(contents.number, island, base));
  return [...log, ...outside(points, log)].sort((a, b) => compareZxids(a.from, b.from));
}

/** Each zxid once; where a log leads there too, that is what is restored from. All in the order of zxids. */
function outside(
  points: readonly RestorableRange[],
  log: readonly RestorableRange[],
): RestorableRange[] {
  let at = 0;
  return points.filter(({ from }, index) => {
    if (points[index - 1]?.from === from) return false;
    while (log[at] !== undefined && compareZxids(log[at]!.to, from) < 0) at += 1;
    return log[at] === undefined || compareZxids(log[at]!.from, from) > 0;
  });
}

function rangeOf(timeline: number, island: Island, base: ListedBase): RestorableRange {
  const from = zxidValue(needsUpTo(base));
  const fromMs = base.usableFromMs;
  let toMs = fromMs;
  for (const object of island.objects)
    if (zxidValue(object.last) > from) toMs = Math.max(toMs, object.toMs);
  const range = { from: needsUpTo(base), to: zxidText(island.upTo) };
  const { readFrom } = base;
  return {
    ...{ timeline, base: base.key, ...range, fromMs, toMs },
    ...(readFrom !== undefined && { readFrom }),
  };
}

/**
 * What the listing and the documents alone do not show: gaps in the log, bases that cannot be used for them, log that
 * nothing leads to. Findings of `contents` are not repeated.
 */
export function rangeFindings(contents: TimelineContents): ContentFinding[] {
  const usable = usableBases(contents);
  return [
    ...gapsOf(contents).map((gap) => gapFinding(gap, usable, contents.sealedUpTo)),
    ...unusable(contents, usable),
    ...withoutBase(contents, usable),
  ];
}

/**
 * A gap that the writer named, in whole, is told, and is no error once a base leads to what comes after it: nothing that
 * was there is gone. Nor is one that nothing explains and that begins right where a base no longer needs the log: that
 * is what retention leaves of older days. What was never sealed no retention has taken.
 */
function gapFinding(
  gap: Gap,
  usable: readonly UsableBase[],
  sealedUpTo: string | undefined,
): ContentFinding {
  if (isNamed(gap) && (gap.holes.every(isMeant) || goesOnAfter(gap, usable)))
    return { code: 'LogHole', severity: 'warning', message: explainGap(gap) };
  const isSealed = sealedUpTo !== undefined && compareZxids(gap.upTo, sealedUpTo) <= 0;
  const explained = gap.holes.length > 0 || gap.expected.length > 0 || !isSealed;
  const after = zxidValue(gap.after);
  const left = usable.find(
    ({ base, island }) =>
      island.upTo === after &&
      island.objects.every(
        (object) =>
          zxidValue(object.last) < after || zxidValue(object.after) < zxidValue(needsUpTo(base)),
      ),
  );
  if (explained || left === undefined) {
    return { code: 'LogHole', severity: 'error', message: explainGap(gap) };
  }
  return {
    code: 'LogHole',
    severity: 'warning',
    message: `the log after ${gap.after} up to ${gap.upTo} is not kept: only ${left.base.key} stands before it`,
  };
}

function isNamed({ after, upTo, holes, expected }: Gap): boolean {
  if (expected.length > 0) return false;
  let named = zxidValue(after);
  for (const hole of [...holes].sort((a, b) => compareZxids(a.after, b.after)))
    if (zxidValue(hole.after) <= named)
      named = named > zxidValue(hole.upTo) ? named : zxidValue(hole.upTo);
  return named >= zxidValue(upTo);
}

const goesOnAfter = ({ upTo }: Gap, usable: readonly UsableBase[]): boolean =>
  usable.some(({ island }) => island.after === zxidValue(upTo));

function unusable(contents: TimelineContents, usable: readonly UsableBase[]): ContentFinding[] {
  const known = new Set(usable.map(({ base }) => base));
  return contents.bases
    .filter((base) => !known.has(base))
    .map((base) => ({
      code: 'LogHole',
      severity: 'error',
      key: base.key,
      message: `${base.key} cannot be used: it needs every transaction after ${base.snapshotZxid} up to ${needsUpTo(base)}, and the log has a gap there; take a new base`,
    }));
}

function withoutBase(contents: TimelineContents, usable: readonly UsableBase[]): ContentFinding[] {
  const islands = islandsWithBases(contents);
  const used = new Set(
    usable.filter(({ base }) => !standsAlone(base)).map(({ island }) => island.after),
  );
  const newest = islands.at(-1);
  if (newest === undefined && usable.length === 0) {
    const message = `timeline ${contents.number} has neither a base nor a log that can be read: take a new base`;
    return [{ code: 'NoBase', severity: 'error', message }];
  }
  return islands
    .filter(({ after }) => !used.has(after))
    .map((island) => ({
      code: 'NoBase',
      severity: island === newest ? 'error' : 'warning',
      message: `no base leads to the log after ${zxidText(island.after)} up to ${zxidText(island.upTo)} of timeline ${contents.number}: none of it can be restored${island === newest ? '; take a new base' : ''}`,
    }));
}
