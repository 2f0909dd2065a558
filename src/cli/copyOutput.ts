/** What commands that copy a tree tell of it. */
import type { CopyProgress, CopyResult, FollowResult } from '../adapters/copy/options';
import type { CommandContext } from './context';

export const PROGRESS_EVERY_MS = 250;

const PHASES: Record<CopyProgress['phase'], string> = {
  read: 'reading the source',
  survey: 'surveying',
  compare: 'comparing with the target',
  check: 'trying what the target takes',
  write: 'writing',
  finish: 'setting ACLs',
};

export function progressOf(context: CommandContext): (progress: CopyProgress) => void {
  let lastShown = 0;
  let phaseNow: string | undefined;
  let phaseSince = 0;
  return ({ phase, done, total }) => {
    const now = performance.now();
    if (phase !== phaseNow) [phaseNow, phaseSince] = [phase, now];
    else if (now - lastShown < PROGRESS_EVERY_MS) return;
    lastShown = now;
    const seconds = (now - phaseSince) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const of = total === undefined ? '' : ` of ${total}`;
    const left =
      total === undefined || rate === 0 ? '' : `, about ${Math.ceil((total - done) / rate)} s left`;
    const counted = done === 0 ? '' : `: ${done}${of} (${Math.round(rate)}/s${left})`;
    context.output.tick(`${PHASES[phase]}${counted}`);
  };
}

export function copyText(
  result: CopyResult | FollowResult,
  source: string,
  target: string,
): string {
  const { nodes, bytes, ephemerals, counterPairs, containers, ttls, durationMs } = result;
  const { created, changed, deleted, skipped, executed } = result;
  const seconds = durationMs / 1000;
  const more = [
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(skipped > 0 ? [`${skipped} different and left as they are`] : []),
  ];
  return [
    `${source}: ${nodes} znodes (${bytes} bytes of data, ${containers} containers, ${ttls} with a time to live)`,
    `${target}: ${[`${created} ${executed ? 'created' : 'to create'}`, ...more].join(', ')}`,
    `sequence counters: ${counterPairs} to be made up for by creating and deleting`,
    ...(result.rootAhead
      ? [
          'the target gives / one sequence number more than the source: the marker of the copy takes it',
        ]
      : []),
    ...(ephemerals.count > 0
      ? [
          `left out: ${ephemerals.count} ephemerals${ephemerals.listed.length > 0 ? ': ' : ''}${ephemerals.listed
            .slice(0, 10)
            .map(({ path, owner }) => `${path} (session ${owner})`)
            .join(', ')}`,
        ]
      : []),
    ...(result.resumedAfter === undefined
      ? []
      : [`went on after ${result.resumedAfter} steps of an earlier process`]),
    ...('resumedFrom' in result
      ? [`went on after ${result.resumedFrom}, where an earlier process was stopped`]
      : []),
    ...('complete' in result && executed
      ? [
          `followed to ${result.zxid}: ${result.transactions} transactions, lag p50 ${result.lagP50Ms.toFixed(1)} ms, p99 ${result.lagP99Ms.toFixed(1)} ms, compared again ${result.resyncs} times`,
          ...(result.complete
            ? []
            : ['the source had no leader at the end: what it committed last may be missing']),
        ]
      : []),
    executed
      ? `took ${seconds.toFixed(2)} s, ${Math.round(nodes / seconds)} znodes/s`
      : 'nothing was written; --execute does it',
  ].join('\n');
}
