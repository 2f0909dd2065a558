/** How far behind each thing is that goes on beside a run, over the time the page is open. */
import type { RunStatus } from '../../api/types';
import type { Series } from '../../parts/series';

/** An hour, a point a second. */
export const MAX_POINTS = 3_600;

const NAMES: Record<string, string> = {
  captureSource: 'capture of the source',
  followSource: 'new side behind the old',
  followTarget: 'old side behind the new',
};

function lagsOf({ capture, migration }: RunStatus): [name: string, ms: number][] {
  const beside = Object.entries(migration?.beside ?? {}).flatMap(
    ([name, { lagMs }]): [string, number][] =>
      lagMs === undefined ? [] : [[NAMES[name] ?? name, lagMs]],
  );
  return capture?.lag === undefined ? beside : [['capture', capture.lag.ms], ...beside];
}

export function withLags(
  before: readonly Series[],
  status: RunStatus,
  atMs: number,
): readonly Series[] {
  const lags = lagsOf(status);
  if (lags.length === 0) return before;
  const next = new Map(before.map((series) => [series.name, series]));
  for (const [name, value] of lags)
    next.set(name, {
      name,
      points: [...(next.get(name)?.points ?? []), { atMs, value }].slice(-MAX_POINTS),
    });
  return [...next.values()];
}
