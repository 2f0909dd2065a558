/** Starting strategies, and asking for their plans. */
import { randomBytes } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import { ORIGIN_MEMO, TASK_QUEUE, type WorkflowType } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { Plan } from '../../model/plan';
import type { Temporal } from './connect';
import { CALL_DEADLINE_MS } from './deadlines';
import { noWorker, rethrow } from './failure';
import { hasWorker } from './pollers';
import { ENSEMBLE_IN_MEMO, type StartedRun } from './runSummary';

/**
 * `zkferry-upgrade-orders-20260131T235959Z-3f9a01`: sorts by time, says what it is, and is nobody else's. Where payloads
 * are encrypted it does not name the ensemble, since ids are not.
 */
export function workflowIdFor(
  { sealed }: Pick<Temporal, 'sealed'>,
  verb: string,
  ensemble: string,
  at: Date,
): string {
  const stamp = at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  const what = sealed ? verb : `${verb}-${ensemble}`;
  return `zkferry-${what}-${stamp}-${randomBytes(3).toString('hex')}`;
}

/**
 * Starts a strategy. A workflow id is used once only: with a change ticket as id, the ticket runs once.
 * @throws RunExists, TemporalUnavailable
 */
export async function startStrategy(
  temporal: Temporal,
  run: {
    workflowType: WorkflowType;
    workflowId: string;
    input: unknown;
    summary?: string;
    /** Signed by the server: who asked for it. */
    origin?: string;
  },
): Promise<StartedRun> {
  const { workflowType, workflowId, input, summary, origin } = run;
  const handle = await start(temporal, workflowType, workflowId, input, { summary, origin });
  return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
}

/** What a worker that is there takes is taken at once. */
const TAKEN_WITHIN_MS = 2_000;
/** PENDING_WORKFLOW_TASK_STATE_SCHEDULED */
const SCHEDULED = 1;

/**
 * Asks a worker for the plan; changes nothing on any server.
 * @param timeoutMs most it may take, the wait for a worker included; `onUntaken` is called where none has taken it soon
 */
export async function planStrategy(
  temporal: Temporal,
  request: {
    workflowType: WorkflowType;
    workflowId: string;
    input: unknown;
    timeoutMs: number;
    onUntaken?: () => void;
  },
): Promise<Plan> {
  const { workflowType, workflowId, input, timeoutMs, onUntaken } = request;
  const argument = { strategy: workflowType, input };
  const handle = await start(temporal, 'planStrategy', workflowId, argument, { timeoutMs });
  // A worker that ended a moment ago still counts as one that polls: only what it leaves lying tells.
  const look = async (): Promise<void> => {
    const { raw } = await handle.describe();
    if (Number(raw.pendingWorkflowTask?.state) === SCHEDULED) onUntaken?.();
  };
  const timer = setTimeout(() => void look().catch(() => undefined), TAKEN_WITHIN_MS);
  try {
    return (await handle.result()) as Plan;
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof TimeoutFailure)
      throw (await hasWorker(temporal))
        ? new ZkferryError(
            'WaitTimedOut',
            `no plan after ${timeoutMs} ms; see what ${workflowId} waits for in the Temporal UI, or give it longer with --timeout`,
            { cause: error },
          )
        : noWorker(`no plan after ${timeoutMs} ms`, error);
    return rethrow(temporal, workflowId, error);
  } finally {
    clearTimeout(timer);
  }
}

async function start(
  temporal: Temporal,
  type: string,
  workflowId: string,
  input: unknown,
  { summary, timeoutMs, origin }: { summary?: string; timeoutMs?: number; origin?: string } = {},
) {
  try {
    return await temporal.within(CALL_DEADLINE_MS, () =>
      temporal.client.workflow.start(type, {
        taskQueue: TASK_QUEUE,
        workflowId,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowExecutionTimeout: timeoutMs,
        staticSummary: summary,
        memo: memoOf(temporal, input, origin),
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      throw new ZkferryError(
        'RunExists',
        `a run with the id ${workflowId} exists already; look at it with zkferry status ${workflowId}, or give another --id`,
        { cause: error },
      );
    return rethrow(temporal, workflowId, error, 'temporal');
  }
}

/** Its ensemble is in its memo, which is encrypted, where there may be no search attribute that names it. */
const memoOf = (
  { sealed }: Temporal,
  input: unknown,
  origin: string | undefined,
): Record<string, unknown> => ({
  ...(origin !== undefined && { [ORIGIN_MEMO]: origin }),
  ...(sealed && { [ENSEMBLE_IN_MEMO]: ensembleIn(input) }),
});

function ensembleIn(input: unknown): string | undefined {
  const { ensemble, source } = (input ?? {}) as { ensemble?: unknown; source?: unknown };
  return [ensemble, source].find((name) => typeof name === 'string');
}
