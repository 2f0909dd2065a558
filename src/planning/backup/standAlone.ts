/**
 * Bases that no log goes on from: read through the AdminServer, or znode by znode. What was committed while they were
 * read may be in them or not, and some of what a log would change was never in them. They restore to their own zxid.
 */
import { keepsBasesOnly } from '../../model/backupInputs';
import type { BaseManifest, Hole } from '../../model/repository';
import { compareZxids, maxZxid } from '../../model/zxid';

/** The reason of every hole between two such bases, and of what begins after one. */
export const BASES_ONLY =
  'only whole bases are taken here (source admin or logical): what was committed between two of them is not kept';

export const standsAlone = ({ source }: Pick<BaseManifest, 'source'>): boolean =>
  keepsBasesOnly(source);

/** A hole that is no fault: it was known that nothing would be kept there. */
export const isMeant = ({ reason }: Pick<Hole, 'reason'>): boolean => reason === BASES_ONLY;

/** How far a base needs the log, from its snapshot's zxid on, for it to be usable at all. */
export const needsUpTo = ({
  snapshotZxid,
  usableFrom,
}: Pick<BaseManifest, 'snapshotZxid' | 'usableFrom'>): string => maxZxid(snapshotZxid, usableFrom);

/** Whether a restore to `zxid` may begin with the base, where the log between the two is whole. */
export const mayLeadTo = (base: BaseManifest, zxid: string): boolean => {
  const order = compareZxids(needsUpTo(base), zxid);
  return standsAlone(base) ? order === 0 : order <= 0;
};

/** `not of one moment: read between 0x1 and 0x5`; undefined for a base that is of one. */
export const explainReading = ({
  readFrom,
  usableFrom,
}: Pick<BaseManifest, 'readFrom' | 'usableFrom'>): string | undefined =>
  readFrom === undefined
    ? undefined
    : `not of one moment: read between ${readFrom} and ${usableFrom}`;

/** The same as a line of a text, where there is one. */
export const readingOf = (base: Pick<BaseManifest, 'readFrom' | 'usableFrom'>): string[] => {
  const reading = explainReading(base);
  return reading === undefined ? [] : [reading];
};
