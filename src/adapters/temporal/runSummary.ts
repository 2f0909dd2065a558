/** What Temporal itself tells of a run, in few words. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../model/contract';
import type { RunOutcome } from '../../model/runEnd';
import type { StatusDocument } from '../../model/status';

/** Where payloads are encrypted no search attribute names the ensemble. */
export const ENSEMBLE_IN_MEMO = 'ensemble';

export interface StartedRun {
  workflowId: string;
  runId: string;
}

export interface RunSummary extends StartedRun {
  strategy: string;
  /** Temporal's own word: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  status: string;
  /**
   * The run's own word for how it ended: to Temporal one that was rejected or went back is COMPLETED like any other. Of one that was
   * ended from outside, how.
   */
  outcome?: RunOutcome;
  /** The run's own word for what it does, where a worker answers for it: to Temporal one that waits for people runs. */
  state?: StatusDocument['state'];
  ensemble?: string;
  phase?: string;
  startedAt: string;
  closedAt?: string;
}

type Described = Pick<
  WorkflowExecutionInfo,
  | 'workflowId'
  | 'runId'
  | 'type'
  | 'status'
  | 'startTime'
  | 'closeTime'
  | 'typedSearchAttributes'
  | 'memo'
>;

export function summaryOf(run: Described): RunSummary {
  const keyword = (name: string): string | undefined => {
    const attribute = run.typedSearchAttributes
      .getAll()
      .find(({ key }) => key.name === name)?.value;
    return typeof attribute === 'string' ? attribute : undefined;
  };
  const told = run.memo?.[ENSEMBLE_IN_MEMO];
  const remembered = typeof told === 'string' ? told : undefined;
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    strategy: run.type,
    status: run.status.name,
    ensemble: keyword(SEARCH_ATTRIBUTES.ensemble) ?? remembered,
    phase: keyword(SEARCH_ATTRIBUTES.phase),
    startedAt: run.startTime.toISOString(),
    closedAt: run.closeTime?.toISOString(),
  };
}
