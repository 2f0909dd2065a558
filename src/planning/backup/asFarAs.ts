/** A later look at what a living writer adds to, cut to what an earlier one told of. */
import { compareZxids, minZxid } from '../../model/zxid';
import type { EnsembleContents, TimelineContents } from './contents';
import { newestKnown } from './gaps';
import { needsUpTo } from './standAlone';

/**
 * What the earlier look listed may lie in other objects by now: those that hold any of it are kept, and what is beyond
 * its end, as new timelines are, is left out.
 */
export const asFarAs = (earlier: EnsembleContents, now: EnsembleContents): EnsembleContents => ({
  ...now,
  timelines: now.timelines.flatMap((timeline) => {
    const before = earlier.timelines.find(({ number }) => number === timeline.number);
    return before === undefined ? [] : [cut(before, timeline)];
  }),
});

function cut(before: TimelineContents, now: TimelineContents): TimelineContents {
  const end = newestKnown(before) ?? '0x0';
  const begun = ({ after }: { after: string }): boolean => compareZxids(after, end) < 0;
  return {
    ...now,
    bases: now.bases.filter((base) => compareZxids(needsUpTo(base), end) <= 0),
    segments: now.segments.filter(begun),
    pieces: now.pieces.filter(begun),
    unindexed: now.unindexed.filter(begun),
    holes: now.holes.filter(({ upTo }) => compareZxids(upTo, end) <= 0),
    durableUpTo: before.durableUpTo,
    sealedUpTo: now.sealedUpTo && minZxid(now.sealedUpTo, end),
  };
}
