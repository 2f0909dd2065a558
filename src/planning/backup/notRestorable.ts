/** What a refusal says: what there is instead, and what is missing. */
import { ZkferryError } from '../../model/errors';
import type {
  ContentFinding,
  EnsembleContents,
  RestorableRange,
  TimelineContents,
} from './contents';
import { explainRange } from './explain';
import { explainGap, gapsOf, newestKnown } from './gaps';
import { rangeFindings, restorableRanges } from './restorable';
import { compareZxids } from '../../model/zxid';

const MAX_SHOWN = 10;

export const refuse = (message: string, details: object = {}): ZkferryError =>
  new ZkferryError('NotRestorable', message, { details });

/** `restorable are 0x1 (…) to 0x5 (…), and …`. */
function rangesText(ranges: readonly RestorableRange[]): string {
  const shown = ranges.slice(-MAX_SHOWN).map(explainRange);
  const more = ranges.length - shown.length;
  return `restorable: ${shown.join('; ')}${more > 0 ? `; and ${more} older ones` : ''}`;
}

/** That nothing of the timeline can be restored, why, and which other one can. */
export function nothingThere(contents: EnsembleContents, timeline: TimelineContents): ZkferryError {
  const why = [...timeline.findings, ...rangeFindings(timeline)]
    .filter(({ severity }) => severity === 'error')
    .slice(0, MAX_SHOWN)
    .map(({ message }) => message);
  const others = contents.timelines.filter(
    (other) => other !== timeline && restorableRanges(other).length > 0,
  );
  const instead =
    others.length === 0
      ? ''
      : `; timeline ${others.map(({ number }) => number).join(' and ')} can be restored: choose it by its number`;
  return refuse(
    `nothing of ${contents.ensemble}, timeline ${timeline.number}, can be restored${why.length === 0 ? '' : `: ${why.join('; ')}`}${instead}`,
  );
}

/** What is missing right after `zxid`, where anything tells; begins with `: `. */
export function missingAfter(timeline: TimelineContents, zxid: string): string {
  const gap = gapsOf(timeline).find(({ after }) => compareZxids(after, zxid) === 0);
  return gap === undefined ? '' : `: ${explainGap(gap)}`;
}

/** The gap that keeps the first range from beginning earlier; begins with `: `. */
function missingBefore(timeline: TimelineContents, range: RestorableRange): string {
  const gap = gapsOf(timeline)
    .filter(({ upTo }) => compareZxids(upTo, range.from) <= 0)
    .at(-1);
  return gap === undefined ? '' : `; before that ${explainGap(gap)}`;
}

export function beforeFirst(
  shown: string,
  timeline: TimelineContents,
  ranges: readonly RestorableRange[],
): ZkferryError {
  const [first] = ranges;
  const why = first === undefined ? '' : missingBefore(timeline, first);
  return refuse(
    `${shown} is before the first that timeline ${timeline.number} restores to: ${rangesText(ranges)}${why}`,
    { ranges },
  );
}

/** `hint`: what to do instead. */
export function afterLast(
  shown: string,
  timeline: TimelineContents,
  ranges: readonly RestorableRange[],
  hint: string,
): ZkferryError {
  const last = ranges.at(-1);
  const why = last === undefined ? '' : missingAfter(timeline, last.to);
  return refuse(
    `${shown} is after the last that timeline ${timeline.number} restores to${why}; ${rangesText(ranges)}; ${hint}`,
    { ranges },
  );
}

export function insideHole(
  shown: string,
  timeline: TimelineContents,
  before: RestorableRange,
  after: RestorableRange,
): ZkferryError {
  return refuse(
    `${shown} lies where timeline ${timeline.number} cannot be restored${missingAfter(timeline, before.to)}; the nearest are ${before.to} before it and ${after.from} after it`,
    { before: before.to, after: after.from },
  );
}

/**
 * Why `last` may not be taken for the latest, so that nobody takes an older state for the newest: what was captured or
 * lost beyond it, or that nothing tells whether anything was. Undefined where it reaches as far as ever.
 * `isNamed`: the timeline was asked for by its number, so it need not be the newest.
 */
export function notLatest(
  contents: EnsembleContents,
  timeline: TimelineContents,
  last: RestorableRange,
  isNamed: boolean,
): ZkferryError | undefined {
  const known = newestKnown(timeline);
  const newest = `the newest that can is ${explainRange(last)}`;
  const instead = `ask for ${last.to}, or use --accept-older, if that is enough`;
  if (known !== undefined && compareZxids(known, last.to) > 0)
    return refuse(
      `the latest of timeline ${timeline.number}, ${known}, cannot be restored${missingAfter(timeline, last.to)}; ${newest}: ${instead}, or wait for a new base`,
      { newest: last.to, known },
    );
  const blind = timeline.findings.find(({ code }) => HIDES_THE_END.has(code));
  if (blind !== undefined)
    return refuse(
      `what the latest of timeline ${timeline.number} was is not known, so it cannot be restored: ${blind.message}; ${newest}: ${instead}, or let a hot backup go on, which writes anew what is missing`,
      { newest: last.to },
    );
  const unlisted = contents.timelines
    .flatMap(({ findings }) => findings)
    .find(({ code }) => code === 'EnsembleDamaged');
  if (unlisted === undefined || isNamed) return undefined;
  return refuse(
    `whether timeline ${timeline.number} is the newest is not known, so its latest is not taken for that: ${unlisted.message}; ${newest}: use --timeline ${timeline.number} if it is the newest; ${instead}`,
    { newest: last.to },
  );
}

/** The state tells how far the log reached. Segments are told of by their indexes, bases by the log and the holes around. */
const HIDES_THE_END: ReadonlySet<ContentFinding['code']> = new Set([
  'StateMissing',
  'StateDamaged',
  'StateOlder',
]);
