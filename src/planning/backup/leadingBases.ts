/** Which bases lead to a moment, the best first, and what a restore from each reads. */
import { compareZxids, zxidValue } from '../../model/zxid';
import type { EnsembleContents, Extraction, ListedBase, TimelineContents } from './contents';
import { chain } from './logCover';
import { refuse } from './notRestorable';
import { usableBases } from './restorable';
import { mayLeadTo, standsAlone } from './standAlone';

/** `zxid` lies in a restorable range. */
export function extractionTo(timeline: TimelineContents, zxid: string): Extraction {
  const [base] = leadingTo(timeline, zxid);
  if (base === undefined) throw refuse(`no base of timeline ${timeline.number} leads to ${zxid}`);
  return extractionFrom(timeline, base, zxid);
}

/**
 * The same moment from the next older base that leads there as well: for where the one that was chosen does not read.
 * One that stands alone takes the place of none that knows more, so that nobody gets less than what was planned.
 */
export function fromOlderBase(
  { timelines }: EnsembleContents,
  { timeline: number, base, zxid }: Extraction,
): Extraction | undefined {
  const timeline = timelines.find((one) => one.number === number);
  if (timeline === undefined) return undefined;
  const bases = leadingTo(timeline, zxid);
  const at = bases.findIndex(({ key }) => key === base.key);
  const next = at === -1 ? undefined : bases.slice(at + 1).find((one) => isAsGood(one, base));
  return next && extractionFrom(timeline, next, zxid);
}

const isAsGood = (one: ListedBase, than: ListedBase): boolean =>
  !standsAlone(one) ||
  (one.source === than.source && compareZxids(readFromOf(one), readFromOf(than)) >= 0);

/** A base that is of one moment was read from there. */
const readFromOf = ({ readFrom, usableFrom }: ListedBase): string => readFrom ?? usableFrom;

/** Those from which the log is whole up to `zxid`, the newest first; one that a log goes on from is of one moment. */
const leadingTo = (timeline: TimelineContents, zxid: string): ListedBase[] =>
  usableBases(timeline)
    .filter(({ base, island }) => mayLeadTo(base, zxid) && zxidValue(zxid) <= island.upTo)
    .map(({ base }) => base)
    .reverse()
    .sort((one, other) => Number(standsAlone(one)) - Number(standsAlone(other)));

const extractionFrom = (
  timeline: TimelineContents,
  base: ListedBase,
  zxid: string,
): Extraction => ({
  timeline: timeline.number,
  base,
  objects: standsAlone(base) ? [] : chain(timeline, base.snapshotZxid, zxid),
  zxid,
});
