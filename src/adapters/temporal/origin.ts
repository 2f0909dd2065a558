/** How a run began: with what, and at whose word. */
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { ORIGIN_MEMO } from '../../model/contract';
import type { Temporal } from './connect';
import { CALL_DEADLINE_MS } from './deadlines';
import { rethrow } from './failure';

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
