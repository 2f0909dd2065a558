/** An ensemble that another run holds, or has left held: no other run can begin there. */
import type { Finding, HolderFacts } from '../model/facts';

interface Held {
  ensemble: string;
  lock?: HolderFacts | undefined;
}

/** `error` of a plan, which could only fail at the lock; `warning` of a mere look. */
export function lockFindings(
  { ensemble, lock }: Held,
  severity: 'error' | 'warning' = 'error',
): Finding[] {
  if (lock === undefined) return [];
  const { runId, workflowId = 'unnamed', strategy = 'run', since, open } = lock;
  const run = `${strategy} ${workflowId} (run ${runId})`;
  const unlock = `zkferry unlock ${ensemble} --run ${runId}`;
  const [message, hint] =
    open === false
      ? [
          `${run} is over and has left ${ensemble} locked, since ${since}`,
          `see what it left undone, then: ${unlock}`,
        ]
      : [
          `${run} holds ${ensemble} since ${since}${open ? ' and is still open' : ''}`,
          open
            ? 'let it end, or end it by a rollback or by cancelling it'
            : `let it end; once it is closed: ${unlock}`,
        ];
  return [{ severity, code: 'EnsembleLocked', message, hint }];
}
