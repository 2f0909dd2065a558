/** What becomes of events on their way to webhooks, also once their run, or a history of it, has ended. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { DELIVERIES_QUERY } from '../../model/contract';
import type { StatusDocument } from '../../model/status';
import type { Delivery } from '../../model/webhooks';
import type { Temporal } from './connect';
import { failureTold } from './pendingActivities';

const ASK_DEADLINE_MS = 1_000;
const RUNNING = 'RUNNING';

/**
 * The status with what those say that went on, and why what is still being sent has not arrived; an event that nobody can be
 * bringing any more is `unknown`.
 */
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
  const { word, failures } = await lookAt(temporal, workflowId, runId);
  return word === undefined || word === RUNNING
    ? deliveries.map((one) => ({ ...one, ...failures.get(one.id) }))
    : deliveries.map((one) => unknown(one, 'the run ended while it was sent'));
}

/** Those that were handed over. */
async function ofSenders(
  temporal: Temporal,
  deliveries: Delivery[],
  sender: string,
): Promise<Delivery[]> {
  const { word, failures } = await lookAt(temporal, sender);
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
    if (now.state !== 'sending' || said === undefined) return now;
    if (word === RUNNING) return { ...now, ...failures.get(one.id) };
    return unknown(now, `${sender} ended (${word.toLowerCase()}) before it arrived`);
  });
}

const unknown = (delivery: Delivery, error: string): Delivery => ({
  ...delivery,
  ...{ state: 'unknown', error },
});

interface Seen {
  /** Temporal's own; undefined where it does not say now. */
  word?: string;
  /** Of events that are sent again, by their id: why the last try failed. */
  failures: ReadonlyMap<string, Pick<Delivery, 'error'>>;
}

async function lookAt(temporal: Temporal, workflowId: string, runId?: string): Promise<Seen> {
  const failures = new Map<string, Pick<Delivery, 'error'>>();
  try {
    const handle = temporal.client.workflow.getHandle(workflowId, runId);
    const { status, raw } = await temporal.within(ASK_DEADLINE_MS, () => handle.describe());
    for (const activity of raw.pendingActivities ?? []) {
      const error = await failureTold(temporal, activity);
      if (error !== undefined) failures.set(activity.activityId ?? '', { error });
    }
    return { word: status.name, failures };
  } catch (error) {
    return { ...(error instanceof WorkflowNotFoundError && { word: 'NOT_FOUND' }), failures };
  }
}
