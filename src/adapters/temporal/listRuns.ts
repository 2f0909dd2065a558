/** Runs of strategies, the newest first. */
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers';
import {
  BASE_WORKFLOW,
  SEARCH_ATTRIBUTES,
  WORKFLOW_TYPES,
  type WorkflowType,
} from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { Temporal } from './connect';
import { CALL_DEADLINE_MS } from './deadlines';
import { withOutcome } from './describeRun';
import { isInvalidArgument, rethrow } from './failure';
import { type RunSummary, summaryOf } from './runSummary';

const MAX_LISTED = 500;
const ASKED_AT_ONCE = 20;

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

/** A run of which only the run id is known. */
export async function findRun(temporal: Temporal, runId: string): Promise<RunSummary | undefined> {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(runId)) return undefined;
  const [found] = await listWorkflows(temporal, `RunId = '${runId}'`, 1);
  return found;
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
