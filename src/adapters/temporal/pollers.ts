/** Whether workers poll the task queue. */
import { TASK_QUEUE } from '../../model/contract';
import type { Temporal } from './connect';
import { CALL_DEADLINE_MS } from './deadlines';
import { rethrow } from './failure';

/** A poll lasts a minute at most; as much again for clocks that differ. */
export const POLLED_WITHIN_MS = 120_000;

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
