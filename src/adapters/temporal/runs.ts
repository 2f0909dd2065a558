/** Starting strategies, looking at runs, steering them. */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import {
  BASE_WORKFLOW,
  ORIGIN_MEMO,
  SEARCH_ATTRIBUTES,
  STATUS_QUERY,
  TASK_QUEUE,
  WORKFLOW_TYPES,
  type ControlName,
  type WorkflowType,
} from '../../model/contract';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ControlInputs } from '../../model/inputs';
import type { Plan } from '../../model/plan';
import type { StatusDocument, UpgradeReport } from '../../model/status';
import type { Temporal } from './connect';
import { failureOf, isInvalidArgument, rethrow, noWorker, wasSent, workerSlow } from './failure';
import { withLaterDeliveries } from './laterDeliveries';
import { withLiveCapture } from './liveCapture';
import { withLiveMigration } from './liveMigration';
import { withLiveSteps } from './liveSteps';
import { askOnce } from './pendingActivities';

const CALL_DEADLINE_MS = 10_000;
const UPDATE_DEADLINE_MS = 15_000;
const MAX_LISTED = 500;
const ASKED_AT_ONCE = 20;
const ASK_DEADLINE_MS = 2_000;
/** A poll lasts a minute at most; as much again for clocks that differ. */
export const POLLED_WITHIN_MS = 120_000;
const ENSEMBLE_IN_MEMO = 'ensemble';
const OUTCOMES = ['completed', 'rolledBack', 'rejected', 'failed'] as const;

export interface StartedRun {
  workflowId: string;
  runId: string;
}

export interface RunSummary extends StartedRun {
  strategy: string;
  /** Temporal's own word: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  status: string;
  /** The run's own word for how it ended. To Temporal a run that was rejected or went back is COMPLETED like any other. */
  outcome?: UpgradeReport['outcome'];
  /** The run's own word for what it does, where a worker answers for it: to Temporal one that waits for people runs. */
  state?: StatusDocument['state'];
  ensemble?: string;
  phase?: string;
  startedAt: string;
  closedAt?: string;
}

export type RunEnd =
  { ok: true; result: unknown } | { ok: false; failure: { type: string; message: string } };

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

/**
 * Asks a worker for the plan; changes nothing on any server.
 * @param timeoutMs most it may take, the wait for a worker included
 */
export async function planStrategy(
  temporal: Temporal,
  request: { workflowType: WorkflowType; workflowId: string; input: unknown; timeoutMs: number },
): Promise<Plan> {
  const { workflowType, workflowId, input, timeoutMs } = request;
  const argument = { strategy: workflowType, input };
  const handle = await start(temporal, 'planStrategy', workflowId, argument, { timeoutMs });
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

/** @throws RunNotFound; NoWorker, or WorkerSlow where one polls, when none answers; Refused when the run has no status to give */
export async function getStatus(
  temporal: Temporal,
  workflowId: string,
  deadlineMs = CALL_DEADLINE_MS,
): Promise<StatusDocument> {
  try {
    const status = await temporal.within(deadlineMs, () =>
      temporal.client.workflow.getHandle(workflowId).query<StatusDocument>(STATUS_QUERY),
    );
    const pending = askOnce(temporal, workflowId);
    const captured = await withLiveCapture(temporal, status, pending);
    const live = await withLiveMigration(temporal, captured, pending);
    return await withLiveSteps(temporal, await withLaterDeliveries(temporal, live), pending);
  } catch (error) {
    return rethrowUnanswered(temporal, workflowId, error, deadlineMs);
  }
}

/**
 * Sends a control as an update, so that the run's refusal comes back.
 * @returns the status right after it was taken
 * @throws Refused with the run's own reason; NoWorker when nobody is there to answer, and it was not sent; that, or WorkerSlow
 * where one polls, when nobody answered in time: then it may still be taken
 */
export async function sendControl<K extends ControlName>(
  temporal: Temporal,
  workflowId: string,
  name: K,
  input: ControlInputs[K],
): Promise<StatusDocument> {
  const handle = temporal.client.workflow.getHandle(workflowId);
  // What nobody could answer now would be carried out whenever a worker comes: then it is not even sent.
  if (!(await hasWorker(temporal))) {
    await describeRun(temporal, workflowId);
    throw noWorker(`${name} was not sent`);
  }
  try {
    return await temporal.within(UPDATE_DEADLINE_MS, () =>
      handle.executeUpdate<StatusDocument, [ControlInputs[K]]>(name, {
        args: [input],
        updateId: randomUUID(),
      }),
    );
  } catch (error) {
    const known = await describeRun(temporal, workflowId)
      .then((run) => withOutcome(temporal, run))
      .catch(() => undefined);
    if (known && known.status !== 'RUNNING')
      throw new ZkferryError(
        'Refused',
        `${workflowId} is over (${known.outcome ?? known.status.toLowerCase()}): ${name} can't be taken any more`,
        { cause: error },
      );
    return rethrowUnanswered(temporal, workflowId, error, UPDATE_DEADLINE_MS);
  }
}

/** As `rethrow` does; but of a worker that polls it is not said that there is none. */
async function rethrowUnanswered(
  temporal: Temporal,
  what: string,
  error: unknown,
  waitedMs: number,
): Promise<never> {
  try {
    return rethrow(temporal, what, error);
  } catch (known) {
    if (!isZkferryError(known) || known.type !== 'NoWorker') throw known;
    const presence = { withinMs: POLLED_WITHIN_MS, deadlineMs: ASK_DEADLINE_MS };
    const polls = await hasWorker(temporal, presence).catch((away: unknown) => {
      // That it was sent must not be lost.
      throw wasSent(known) ? known : away;
    });
    if (!polls) throw known;
    throw workerSlow(what, known, waitedMs);
  }
}

/**
 * @param runId one history of it; without, the newest
 * @throws RunNotFound
 */
export async function describeRun(
  temporal: Temporal,
  workflowId: string,
  runId?: string,
): Promise<RunSummary> {
  try {
    const description = await temporal.within(CALL_DEADLINE_MS, () =>
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

/** Runs of strategies, and bases that were taken apart, newest first, at most `limit` (1–500); with their outcomes. */
export async function listRuns(temporal: Temporal, limit = 20): Promise<RunSummary[]> {
  const types = [...Object.values(WORKFLOW_TYPES), BASE_WORKFLOW].map((type) => `'${type}'`);
  const found = await listWorkflows(temporal, `WorkflowType IN (${types.join(', ')})`, limit);
  const runs: RunSummary[] = [];
  for (let at = 0; at < found.length; at += ASKED_AT_ONCE)
    runs.push(
      ...(await Promise.all(
        found.slice(at, at + ASKED_AT_ONCE).map((run) => withOutcome(temporal, run)),
      )),
    );
  return runs;
}

/**
 * Read from what a completed run returned, which needs neither a worker nor search attributes; one that is open is
 * asked itself.
 */
export async function withOutcome(temporal: Temporal, run: RunSummary): Promise<RunSummary> {
  if (run.status === 'RUNNING') return withState(temporal, run);
  if (run.status === 'FAILED') return { ...run, outcome: 'failed' };
  if (run.status !== 'COMPLETED') return run;
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

/** A run of which only the run id is known. */
export async function findRun(temporal: Temporal, runId: string): Promise<RunSummary | undefined> {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(runId)) return undefined;
  const [found] = await listWorkflows(temporal, `RunId = '${runId}'`, 1);
  return found;
}

export interface RunFilter {
  /** By name; absent: all. */
  ensembles?: readonly string[];
  workflowType?: WorkflowType;
}

/**
 * Runs of strategies, newest first, one page (1–100). Of ensembles only where the namespace has zkferry's search attributes.
 * @param cursor of the page before; `answers`: whether a worker is there to say how open ones are
 */
export async function listRunsPage(
  temporal: Temporal,
  { ensembles, workflowType }: RunFilter,
  { limit, cursor, answers = true }: { limit: number; cursor?: string; answers?: boolean },
): Promise<{ items: RunSummary[]; nextCursor?: string }> {
  const types = workflowType === undefined ? Object.values(WORKFLOW_TYPES) : [workflowType];
  const within = (field: string, values: readonly string[]): string =>
    `${field} IN (${values.map((value) => `'${value}'`).join(', ')})`;
  const query = [
    within('WorkflowType', types),
    ...(ensembles === undefined ? [] : [within(SEARCH_ATTRIBUTES.ensemble, ensembles)]),
  ].join(' AND ');
  try {
    const { executions, nextPageToken } = await temporal.within(CALL_DEADLINE_MS, () =>
      temporal.client.workflowService.listWorkflowExecutions({
        ...{ namespace: temporal.namespace, query, pageSize: limit },
        ...(cursor !== undefined && { nextPageToken: Buffer.from(cursor, 'base64url') }),
      }),
    );
    const { loadedDataConverter } = temporal.client.options;
    const found = await Promise.all(
      executions.map((raw) =>
        executionInfoFromRaw(raw, loadedDataConverter, raw, temporal.namespace),
      ),
    );
    return {
      items: await Promise.all(
        found
          .map(summaryOf)
          .map(async (run) =>
            run.status === 'RUNNING' && !answers ? run : withOutcome(temporal, run),
          ),
      ),
      ...(nextPageToken?.length > 0 && {
        nextCursor: Buffer.from(nextPageToken).toString('base64url'),
      }),
    };
  } catch (error) {
    if (cursor !== undefined && isInvalidArgument(error))
      throw new ZkferryError('InvalidInput', 'cursor: expected nextCursor of the page before', {
        cause: error,
      });
    return rethrow(temporal, 'listing runs', error, 'temporal');
  }
}

export interface RunStart {
  workflowType: string;
  input: unknown;
  startedAt: string;
  /** Of the history that the chain began with. */
  firstRunId?: string;
}

/** What a run was started with: its workflow type and its input, out of the first event of its history. */
export async function startOf(temporal: Temporal, workflowId: string): Promise<RunStart> {
  try {
    const { history } = await temporal.within(CALL_DEADLINE_MS, () =>
      temporal.client.workflowService.getWorkflowExecutionHistory({
        namespace: temporal.namespace,
        execution: { workflowId },
        maximumPageSize: 1,
      }),
    );
    const [first] = history?.events ?? [];
    const started = first?.workflowExecutionStartedEventAttributes;
    const { loadedDataConverter } = temporal.client.options;
    const input = await decodeFromPayloadsAtIndex(
      loadedDataConverter,
      0,
      started?.input?.payloads ?? undefined,
    );
    const startedAt = new Date(Number(first?.eventTime?.seconds ?? 0) * 1_000).toISOString();
    const firstRunId = started?.firstExecutionRunId ?? undefined;
    return { workflowType: started?.workflowType?.name ?? '', input, startedAt, firstRunId };
  } catch (error) {
    return rethrow(temporal, workflowId, error, 'temporal');
  }
}

/** What the server has signed of a run's start, and when that was; `proof` is absent where it has signed none. */
export async function originOf(
  temporal: Temporal,
  workflowId: string,
  firstRunId: string | undefined,
): Promise<{ proof?: string; at: Date }> {
  try {
    const { memo, startTime } = await temporal.within(CALL_DEADLINE_MS, () =>
      temporal.client.workflow.getHandle(workflowId, firstRunId).describe(),
    );
    const proof: unknown = memo?.[ORIGIN_MEMO];
    return { ...(typeof proof === 'string' && { proof }), at: startTime };
  } catch (error) {
    return rethrow(temporal, workflowId, error, 'temporal');
  }
}

export async function listWorkflows(
  temporal: Temporal,
  query: string,
  limit: number,
): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  const wanted = Math.min(Math.max(1, limit), MAX_LISTED);
  try {
    await temporal.within(CALL_DEADLINE_MS, async () => {
      for await (const run of temporal.client.workflow.list({ query, pageSize: wanted })) {
        found.push(summaryOf(run));
        if (found.length >= wanted) break;
      }
    });
  } catch (error) {
    return rethrow(temporal, 'listing runs', error, 'temporal');
  }
  return found;
}

/**
 * Whether some worker has polled the task queue lately: within `withinMs` by the two clocks' word, otherwise in
 * the minutes that Temporal remembers. A poll lasts a minute at most.
 */
export async function hasWorker(
  temporal: Temporal,
  {
    taskQueue = TASK_QUEUE,
    withinMs = Infinity,
    deadlineMs = CALL_DEADLINE_MS,
  }: { taskQueue?: string; withinMs?: number; deadlineMs?: number } = {},
): Promise<boolean> {
  try {
    const { pollers } = await temporal.within(deadlineMs, () =>
      temporal.client.connection.workflowService.describeTaskQueue({
        namespace: temporal.namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: 1, // temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
      }),
    );
    return (pollers ?? []).some(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 <= withinMs,
    );
  } catch (error) {
    return rethrow(temporal, `task queue ${taskQueue}`, error, 'temporal');
  }
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

function summaryOf(run: Described): RunSummary {
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
