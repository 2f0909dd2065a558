/** The list of runs as a table. */
import type { RunSummary } from '../../adapters/temporal/runSummary';
import { duration, instant } from './text';
import { stateWord, type StatusView } from './status';
import { plainTable } from './table';

export function renderRuns(runs: readonly RunSummary[], view: StatusView & { now: Date }): string {
  if (runs.length === 0)
    return `no runs yet; start one with ${view.command(['run', 'upgrade', '--ensemble', 'NAME', '--to', 'VERSION'])}`;
  const { colors } = view;
  return plainTable(
    ['workflow', 'strategy', 'ensemble', 'phase', 'state', 'started', 'for'],
    runs.map((run) => {
      const until = run.closedAt === undefined ? view.now.getTime() : Date.parse(run.closedAt);
      return [
        run.workflowId,
        run.strategy,
        run.ensemble ?? '',
        run.outcome === 'completed' ? 'done' : (run.phase ?? ''),
        runWord(run, colors),
        instant(run.startedAt),
        duration(until - Date.parse(run.startedAt)),
      ];
    }),
  );
}

export function runWord(
  { status, outcome, state }: Pick<RunSummary, 'status' | 'outcome' | 'state'>,
  colors: StatusView['colors'],
): string {
  const own = outcome ?? state;
  if (own !== undefined) return stateWord(own, colors);
  // To Temporal that is a run which was rejected as well, and nobody knows any more.
  if (status === 'COMPLETED') return colors.dim('ended');
  const word = status.toLowerCase().replace(/_/g, ' ');
  return status === 'RUNNING' ? colors.cyan(word) : colors.red(word);
}
