/** What became of events that were still on their way to webhooks when their run, or a history of it, ended. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { DELIVERIES_QUERY } from '../../model/contract';
import type { StatusDocument } from '../../model/status';
import type { Delivery } from '../../model/webhooks';
import type { Temporal } from './connect';

const ASK_DEADLINE_MS = 1_000;
const RUNNING = 'RUNNING';

/** The status with what those say that went on; an event that nobody can be bringing any more is `unknown`. */
export async function withLaterDeliveries(
  temporal: Temporal,
  status: StatusDocument,
): Promise<StatusDocument> {
  const { deliveries, workflowId, runId } = status;
  const open = deliveries?.filter(({ state }) => state === 'sending') ?? [];
  if (deliveries === undefined || open.length === 0) return status;
  const told = new Map<string, Delivery>();
  const senders = [...new Set(open.map(({ handedTo }) => handedTo))];
  await Promise.all(
    senders.map(async (sender) => {
      const ofSender = open.filter(({ handedTo }) => handedTo === sender);
      for (const delivery of await (sender === undefined
        ? ofRun(temporal, ofSender, { workflowId, runId })
        : ofSenders(temporal, ofSender, sender)))
        told.set(delivery.id + delivery.webhook, delivery);
    }),
  );
  return {
    ...status,
    deliveries: deliveries.map((one) => ({ ...one, ...told.get(one.id + one.webhook) })),
  };
}

/** Those that the run itself brings: none, once it has ended however it did. */
async function ofRun(
  temporal: Temporal,
  deliveries: Delivery[],
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<Delivery[]> {
  const isOpen = await statusOf(temporal, workflowId, runId);
  return isOpen === undefined || isOpen === RUNNING
    ? deliveries
    : deliveries.map((one) => unknown(one, 'the run ended while it was sent'));
}

/** Those that were handed over. */
async function ofSenders(
  temporal: Temporal,
  deliveries: Delivery[],
  sender: string,
): Promise<Delivery[]> {
  const word = await statusOf(temporal, sender);
  if (word === undefined) return deliveries;
  if (word === 'NOT_FOUND')
    return deliveries.map((one) => unknown(one, `Temporal keeps ${sender} no more`));
  const said = await temporal
    .within(ASK_DEADLINE_MS, () =>
      temporal.client.workflow.getHandle(sender).query<Delivery[]>(DELIVERIES_QUERY),
    )
    .catch(() => undefined);
  return deliveries.map((one) => {
    const now = said?.find(({ id, webhook }) => id === one.id && webhook === one.webhook) ?? one;
    if (word === RUNNING || now.state !== 'sending' || said === undefined) return now;
    return unknown(now, `${sender} ended (${word.toLowerCase()}) before it arrived`);
  });
}

const unknown = (delivery: Delivery, error: string): Delivery => ({
  ...delivery,
  ...{ state: 'unknown', error },
});

/** Temporal's own word; undefined where it does not say now. */
async function statusOf(
  temporal: Temporal,
  workflowId: string,
  runId?: string,
): Promise<string | undefined> {
  try {
    const handle = temporal.client.workflow.getHandle(workflowId, runId);
    const { status } = await temporal.within(ASK_DEADLINE_MS, () => handle.describe());
    return status.name;
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? 'NOT_FOUND' : undefined;
  }
}
