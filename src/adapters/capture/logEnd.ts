/** How far what lies in a repository reaches, sealed or not. */
import type { EnsembleContents, TimelineContents } from '../../planning/backup/contents';
import { zxidValue } from '../../model/zxid';

export const newestTimeline = ({ timelines }: EnsembleContents): TimelineContents =>
  timelines.at(-1)!;

/** Of the last transaction in it; 0 where there is none. */
export function logEnd({ sealedUpTo, segments, pieces }: TimelineContents): bigint {
  let end = zxidValue(sealedUpTo ?? '0x0');
  for (const { last } of [...segments, ...pieces]) {
    const zxid = zxidValue(last);
    if (zxid > end) end = zxid;
  }
  return end;
}
