/** What a run tells other systems: each event to each webhook of the ensemble, in the background, and what became of it. */
import { condition, proxyActivities, uuid4, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../../activities/api';
import { TASK_QUEUE } from '../../src/model/contract';
import type { Delivery, RunEvent, WebhookEvent } from '../../src/model/webhooks';
import { describeFailure } from './failure';
import { note, now, type RunState } from './state';

const KEPT = 50;
/** Beyond, whoever listens is so far behind that it has to ask. */
const MOST_SENDING = 50;
const LAST_WORDS_MS = 30_000;

const { deliverWebhook } = proxyActivities<Activities>({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout: 30_000,
  scheduleToCloseTimeout: 3_600_000,
  heartbeatTimeout: 10_000,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 300_000 },
  summary: 'tell a webhook',
});

type Details = Pick<WebhookEvent, 'gate' | 'planHash' | 'decision' | 'by' | 'outcome'>;

const sending = ({ deliveries = [] }: RunState): number =>
  deliveries.filter(({ state }) => state === 'sending').length;

export function announce(state: RunState, event: RunEvent, details: Details = {}): void {
  for (const { name, events } of state.opened.webhooks ?? []) {
    if (!events.includes(event)) continue;
    if (sending(state) >= MOST_SENDING) {
      note(state, `webhook ${name} is not told of ${event}: ${MOST_SENDING} events wait already`);
      continue;
    }
    void deliver(state, name, event, details);
  }
}

async function deliver(
  state: RunState,
  webhook: string,
  event: RunEvent,
  details: Details,
): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  const { identity, opened, phase, state: word, headline } = state;
  const body: WebhookEvent = {
    ...{ id: uuid4(), event, at: now(), workflowId, runId },
    ...{ strategy: identity.strategy, ensemble: opened.ensemble, phase, state: word, headline },
    ...details,
  };
  const delivery: Delivery = { webhook, id: body.id, event, at: body.at, state: 'sending' };
  state.deliveries = [...(state.deliveries ?? []), delivery].slice(-KEPT);
  try {
    await deliverWebhook({ webhook, event: body });
    delivery.state = 'delivered';
  } catch (error) {
    const { message } = describeFailure(error);
    Object.assign(delivery, { state: 'failed', error: message });
    note(state, `${event} was not delivered: ${message}`);
  }
}

/** Before a history ends: what is on its way is waited for, though not for ever. */
export async function lastWords(state: RunState): Promise<void> {
  if (sending(state) > 0) await condition(() => sending(state) === 0, LAST_WORDS_MS);
}
