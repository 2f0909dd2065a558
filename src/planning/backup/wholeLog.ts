/** All log of a timeline up to a moment, as far back as it is kept: for histories, which need no base. */
import type { LogObject } from '../../model/repository';
import type { EnsembleContents, Extraction } from './contents';
import { islandsOf } from './logCover';
import { compareZxids, zxidText } from '../../model/zxid';

/** `after`: the first transaction of the log comes after it. Between objects there may be holes. */
export function objectsUpTo(
  { timelines }: EnsembleContents,
  { timeline, zxid, base }: Pick<Extraction, 'timeline' | 'zxid' | 'base'>,
): { objects: LogObject[]; after: string } {
  const contents = timelines.find(({ number }) => number === timeline);
  const islands = contents === undefined ? [] : islandsOf(contents);
  const objects = islands
    .flatMap((island) => island.objects)
    .filter(({ after }) => compareZxids(after, zxid) < 0);
  return {
    objects,
    after: islands[0] === undefined ? base.snapshotZxid : zxidText(islands[0].after),
  };
}
