/** How one event is brought to one webhook: again and again, ever more seldom. */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/api';
import { TASK_QUEUE } from '../../src/model/contract';

/** @param triedForMs how long in all */
export function deliverer(triedForMs: number): Pick<Activities, 'deliverWebhook'> {
  const { deliverWebhook } = proxyActivities<Activities>({
    taskQueue: TASK_QUEUE,
    startToCloseTimeout: 30_000,
    scheduleToCloseTimeout: triedForMs,
    heartbeatTimeout: 10_000,
    retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 300_000 },
    summary: 'tell a webhook',
  });
  return {
    // Known by it among all that are under way: a status says why it has not arrived.
    deliverWebhook: (message) =>
      deliverWebhook.executeWithOptions({ activityId: message.event.id }, [message]),
  };
}
