/** The list of runs as a table. */
import type { RunSummary } from '../../adapters/temporal/runs';
import { duration, instant } from './text';
import type { StatusView } from './status';
import { plainTable } from './table';

export function renderRuns(runs: readonly RunSummary[], view: StatusView & { now: Date }): string {
  if (runs.length === 0)
    return `no runs yet; start one with ${view.command(['run', 'upgrade', '--ensemble', 'NAME', '--to', 'VERSION'])}`;
  const { colors } = view;
  return plainTable(
    ['workflow', 'strategy', 'ensemble', 'phase', 'status', 'started', 'for'],
    runs.map((run) => {
      const until = run.closedAt === undefined ? view.now.getTime() : Date.parse(run.closedAt);
      return [
        run.workflowId,
        run.strategy,
        run.ensemble ?? '',
        run.phase ?? '',
        paint(run.status, colors),
        instant(run.startedAt),
        duration(until - Date.parse(run.startedAt)),
      ];
    }),
  );
}

function paint(status: string, colors: StatusView['colors']): string {
  const word = status.toLowerCase().replace(/_/g, ' ');
  if (status === 'RUNNING') return colors.cyan(word);
  return status === 'COMPLETED' ? colors.green(word) : colors.red(word);
}
