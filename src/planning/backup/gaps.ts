/** What no log object of a timeline holds, and why, as far as anything tells. */
import type { Hole } from '../../model/repository';
import type { ContentFinding, ListedBase, TimelineContents } from './contents';
import { islandsOf, type Island } from './logCover';
import { parseKey } from './parseKey';
import { needsUpTo, standsAlone } from './standAlone';
import { compareZxids, maxZxid, zxidText, zxidValue } from '../../model/zxid';

export { needsUpTo } from './standAlone';

/** The transactions in `(after, upTo]`. */
export interface Gap {
  after: string;
  upTo: string;
  /** As the writer named them; those that are held after all are left out. */
  holes: Hole[];
  /** Objects that should be there and hold something of it: missing or damaged. */
  expected: ContentFinding[];
  /** The state says that all of it was there. */
  wasThere: boolean;
}

/** Islands of the log, and of snapshots that need none but may have one. */
export const islandsWithBases = (contents: TimelineContents): Island[] =>
  islandsOf(contents, pointsOf(contents.bases.filter((base) => !standsAlone(base))));

const pointsOf = (bases: readonly ListedBase[]): bigint[] =>
  bases
    .filter((base) => compareZxids(needsUpTo(base), base.snapshotZxid) === 0)
    .map(({ snapshotZxid }) => zxidValue(snapshotZxid));

interface Lost {
  after: string;
  last: string;
  finding: ContentFinding;
}

/** Log objects that findings name, by the ranges in their names. */
function lostObjects(contents: TimelineContents): Lost[] {
  return contents.findings.flatMap((finding) => {
    if (finding.code !== 'ObjectMissing' && finding.code !== 'ObjectDamaged') return [];
    const parsed = finding.key === undefined ? undefined : parseKey(finding.key);
    if (parsed === undefined || !('object' in parsed)) return [];
    return [{ after: parsed.object.after, last: parsed.object.last, finding }];
  });
}

/** The greatest zxid that anything in the timeline tells of, held or not; undefined where nothing does. */
export function newestKnown(contents: TimelineContents): string | undefined {
  const told = [
    ...[...contents.segments, ...contents.unindexed, ...contents.pieces].map(({ last }) => last),
    ...lostObjects(contents).map(({ last }) => last),
    ...contents.holes.map(({ upTo }) => upTo),
    ...contents.bases.map(needsUpTo),
    ...[contents.sealedUpTo, contents.durableUpTo].filter((zxid) => zxid !== undefined),
  ];
  return told.length === 0 ? undefined : told.reduce(maxZxid);
}

/** In the order of zxids. */
export function gapsOf(contents: TimelineContents): Gap[] {
  const lost = lostObjects(contents);
  const newest = newestKnown(contents);
  if (newest === undefined) return [];
  const starts = [
    ...contents.bases.map(({ snapshotZxid }) => snapshotZxid),
    ...lost.map(({ after }) => after),
  ].sort(compareZxids);
  const edges = [starts[0] ?? newest, newest].map(zxidValue);
  const islands = islandsOf(contents, [...pointsOf(contents.bases), ...edges]);
  return islands.slice(1).map((island, index) => {
    const [after, upTo] = [islands[index]?.upTo ?? 0n, island.after];
    const meets = (from: string, to: string) => zxidValue(from) < upTo && zxidValue(to) > after;
    return {
      after: zxidText(after),
      upTo: zxidText(upTo),
      holes: contents.holes.filter((hole) => meets(hole.after, hole.upTo)),
      expected: lost.filter((one) => meets(one.after, one.last)).map(({ finding }) => finding),
      wasThere: zxidText(upTo) === contents.durableUpTo,
    };
  });
}

/** `transactions after 0x5 up to 0x9 are missing: …`. */
export function explainGap({ after, upTo, holes, expected, wasThere }: Gap): string {
  const reasons = [
    ...holes.map(({ reason, at }) => `${reason} (found ${at})`),
    ...expected.map(({ code, key = '', message }) =>
      message.includes(key)
        ? message
        : `${key} is ${code === 'ObjectMissing' ? 'missing' : 'damaged'}: ${message}`,
    ),
  ];
  const unknown = wasThere
    ? 'they were there once, and are in no object now'
    : 'they are in no object, and no reason is recorded';
  const why = reasons.length === 0 ? unknown : reasons.join('; ');
  return `the transactions after ${after} up to ${upTo} are missing: ${why}`;
}
