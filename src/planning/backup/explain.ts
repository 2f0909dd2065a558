/** Ranges and findings as people read them. */
import type { ContentFinding, EnsembleContents, RestorableRange } from './contents';
import { rangeFindings, restorableRanges } from './restorable';
import { readingOf } from './standAlone';
import { isoTime } from './target';

/** `0x1 (2026-01-02T03:04:05.000Z) to 0x5 (…)`. */
export const explainRange = ({ from, to, fromMs, toMs, readFrom }: RestorableRange): string =>
  from === to
    ? [`${from} (${isoTime(toMs)})`, ...readingOf({ readFrom, usableFrom: to })].join(', ')
    : `${from} (${isoTime(fromMs)}) to ${to} (${isoTime(toMs)})`;

/** Errors first, each once; `limit` of them, then how many more there are. */
export function explainFindings(findings: readonly ContentFinding[], limit = 50): string[] {
  const seen = new Map<string, ContentFinding>();
  for (const finding of findings) seen.set(`${finding.severity} ${finding.message}`, finding);
  const sorted = [...seen.values()].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const lines = sorted.slice(0, limit).map(({ severity, message }) => `${severity}: ${message}`);
  const more = sorted.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

const RANK = { error: 0, warning: 1 } as const;

/** What can be restored of an ensemble, and what is wrong with it: a line each. */
export function explainContents(contents: EnsembleContents): string[] {
  return contents.timelines.flatMap((timeline) => {
    const ranges = restorableRanges(timeline);
    const of = contents.timelines.length === 1 ? '' : ` of timeline ${timeline.number}`;
    return [
      ...(ranges.length === 0
        ? [`restorable${of}: nothing`]
        : ranges.map((range) => `restorable${of}: ${explainRange(range)}`)),
      ...explainFindings([...timeline.findings, ...rangeFindings(timeline)]),
    ];
  });
}
