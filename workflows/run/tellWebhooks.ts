/** What goes on telling webhooks once a run, or a history of it, has ended; by it nothing of the run is held any more. */
import {
  ApplicationFailure,
  defineQuery,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { DELIVERIES_QUERY, TASK_QUEUE, TELL_WORKFLOW } from '../../src/model/contract';
import { newDelivery, type Delivery, type WebhookMessage } from '../../src/model/webhooks';
import { deliverer } from './deliverer';
import { describeFailure } from './failure';
import { summaryOf } from './summary';

const HOUR_MS = 3_600_000;
/** After the last event of a run none comes that would tell of it, too. */
const TRIED_FOR_MS = 24 * HOUR_MS;

const { deliverWebhook } = deliverer(TRIED_FOR_MS);

/**
 * Body of the child. Events are signed as a run's own: so only a run starts it, and of itself alone.
 * @throws Refused where anybody else did
 */
export async function tellWebhooks({
  messages,
}: {
  messages: WebhookMessage[];
}): Promise<Delivery[]> {
  const { parent } = workflowInfo();
  if (parent === undefined || messages.some(({ event }) => event.workflowId !== parent.workflowId))
    throw ApplicationFailure.nonRetryable(
      'webhooks are told of a run by that run alone; nobody else starts this',
      'Refused',
    );
  const deliveries = messages.map(newDelivery);
  setHandler(defineQuery<Delivery[]>(DELIVERIES_QUERY), () => deliveries, {
    description: 'What became of each event',
  });
  await Promise.all(
    messages.map(async (message, index) => {
      const delivery = deliveries[index]!;
      try {
        await deliverWebhook(message);
        delivery.state = 'delivered';
      } catch (error) {
        Object.assign(delivery, { state: 'failed', error: describeFailure(error).message });
      }
    }),
  );
  return deliveries;
}

/**
 * Starts it; it does not end with its parent.
 * @returns its workflow id
 */
export async function handOver(messages: readonly WebhookMessage[]): Promise<string> {
  const { workflowId, runId } = workflowInfo();
  const id = `zkferry-tell-${workflowId}-${runId}`;
  await startChild(TELL_WORKFLOW, {
    workflowId: id,
    taskQueue: TASK_QUEUE,
    args: [{ messages }],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    // Where no worker comes any more, it ends all the same.
    workflowExecutionTimeout: TRIED_FOR_MS + HOUR_MS,
    staticSummary: summaryOf(`tells webhooks how ${workflowId} went on`),
  });
  return id;
}
