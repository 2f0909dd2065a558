/** Whether a timeline's state is an older one than its writer left. */
import type { LogObject } from '../../model/repository';
import type { ContentFinding, TimelineContents } from './contents';
import { islandsOf } from './logCover';
import { parseKey } from './parseKey';
import { compareZxids, zxidValue } from '../../model/zxid';

/**
 * A writer deletes pieces once the state knows the segment they became. So a segment beyond what the state knows, whose
 * pieces are gone, tells that another state has been there; and so does a piece of a later writer, which leaves a state
 * before its first piece. `key`: of the state that is used.
 */
export function olderState(
  contents: Omit<TimelineContents, 'bases' | 'findings'>,
  key: string,
): ContentFinding[] {
  const { unindexed, sealedUpTo, generation } = contents;
  const pieces = islandsOf({ ...contents, bases: [], segments: [], unindexed: [], findings: [] });
  const isHeld = ({ after, last }: LogObject): boolean =>
    pieces.some((one) => one.after <= zxidValue(after) && zxidValue(last) <= one.upTo);
  const beyond = unindexed.filter(
    (segment) =>
      (sealedUpTo === undefined || compareZxids(segment.last, sealedUpTo) > 0) && !isHeld(segment),
  );
  const newest = beyond.at(-1);
  const later = contents.pieces.findLast((piece) => generationOf(piece) > generation);
  if (newest === undefined && later === undefined) return [];
  const why =
    newest === undefined
      ? `generation ${generation} left it, and ${later!.key} is of a later one`
      : `generation ${generation} sealed up to ${sealedUpTo ?? 'nothing'} by it, and ${newest.key} was sealed later`;
  return [
    {
      code: 'StateOlder',
      severity: 'error',
      key,
      message: `${key} is older than what lies there: ${why}; what it names of bases and holes may be incomplete`,
    },
  ];
}

function generationOf({ key }: LogObject): number {
  const parsed = parseKey(key);
  return parsed?.kind === 'piece' ? parsed.generation : 0;
}
