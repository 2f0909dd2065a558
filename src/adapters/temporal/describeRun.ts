/** One run as Temporal knows it, and how it ended. */
import { STATUS_QUERY } from '../../model/contract';
import { outsideEndOf } from '../../model/runEnd';
import type { StatusDocument, UpgradeReport } from '../../model/status';
import type { Temporal } from './connect';
import { ASK_DEADLINE_MS, CALL_DEADLINE_MS } from './deadlines';
import { failureOf, rethrow } from './failure';
import { type RunSummary, summaryOf } from './runSummary';

const OUTCOMES = ['completed', 'rolledBack', 'rejected', 'failed'] as const;

export type RunEnd =
  { ok: true; result: unknown } | { ok: false; failure: { type: string; message: string } };

/**
 * @param runId one history of it; without, the newest
 * @throws RunNotFound
 */
export async function describeRun(
  temporal: Temporal,
  workflowId: string,
  { runId, deadlineMs = CALL_DEADLINE_MS }: { runId?: string; deadlineMs?: number } = {},
): Promise<RunSummary> {
  try {
    const description = await temporal.within(deadlineMs, () =>
      temporal.client.workflow.getHandle(workflowId, runId).describe(),
    );
    return summaryOf(description);
  } catch (error) {
    return rethrow(temporal, workflowId, error, 'temporal');
  }
}

/** Waits for the end of a run, through all its histories. Without `timeoutMs` it waits as long as the run takes. */
export async function runEnd(
  temporal: Temporal,
  workflowId: string,
  timeoutMs?: number,
): Promise<RunEnd> {
  const result = () => temporal.client.workflow.getHandle(workflowId).result();
  try {
    return {
      ok: true,
      result: await (timeoutMs === undefined ? result() : temporal.within(timeoutMs, result)),
    };
  } catch (error) {
    const failed = error instanceof Error && error.name === 'WorkflowFailedError';
    if (!failed) return rethrow(temporal, workflowId, error);
    return { ok: false, failure: failureOf(error.cause ?? error) };
  }
}

/**
 * Read from what a completed run returned, which needs neither a worker nor search attributes; one that is open is
 * asked itself.
 */
export async function withOutcome(temporal: Temporal, run: RunSummary): Promise<RunSummary> {
  if (run.status === 'RUNNING') return withState(temporal, run);
  if (run.status !== 'COMPLETED') return { ...run, outcome: outsideEndOf(run.status) };
  try {
    const handle = temporal.client.workflow.getHandle(run.workflowId, run.runId, {
      followRuns: false,
    });
    const result: unknown = await temporal.within(CALL_DEADLINE_MS, () => handle.result());
    return { ...run, outcome: outcomeOf(result) };
  } catch {
    // Its history may be gone, or be read by others only: then nobody can say more than Temporal's own word.
    return run;
  }
}

/** As it is where nobody answers soon: no worker is there, or it is no run that has a status. */
async function withState(temporal: Temporal, run: RunSummary): Promise<RunSummary> {
  try {
    const { state, phase, ensemble } = await temporal.within(ASK_DEADLINE_MS, () =>
      temporal.client.workflow
        .getHandle(run.workflowId, run.runId)
        .query<StatusDocument>(STATUS_QUERY),
    );
    return { ...run, state, phase, ensemble: run.ensemble ?? ensemble };
  } catch {
    return run;
  }
}

/** What changes nothing in an ensemble returns no outcome: it has ended as it should. */
function outcomeOf(result: unknown): UpgradeReport['outcome'] {
  const outcome: unknown = (result as { outcome?: unknown } | null | undefined)?.outcome;
  return OUTCOMES.find((known) => known === outcome) ?? 'completed';
}
