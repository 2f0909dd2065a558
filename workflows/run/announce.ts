/** What a run tells other systems: each event to each webhook of the ensemble, in the background, and what became of it. */
import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import {
  newDelivery,
  newestDeliveries,
  type RunEvent,
  type WebhookEvent,
  type WebhookMessage,
} from '../../src/model/webhooks';
import { deliverer } from './deliverer';
import { describeFailure } from './failure';
import { note, now, type RunState } from './state';
import { handOver } from './tellWebhooks';

/** On their way at a time, of a run: beyond, whoever listens is so far behind that it has to ask. */
const MOST_SENDING = 100;
const TRIED_FOR_MS = 3_600_000;
/** What arrives at once needs nobody who goes on; and no longer does a run keep its ensemble for whoever is away. */
const LAST_WORDS_MS = 2_000;

const { deliverWebhook } = deliverer(TRIED_FOR_MS);

type Details = Pick<WebhookEvent, 'gate' | 'planHash' | 'decision' | 'by' | 'outcome'>;

const onTheWay = ({ messages = [] }: RunState): number => messages.length;

/** Of each webhook alike: one that takes nothing holds no other back. */
const shareOf = ({ opened }: RunState): number =>
  Math.floor(MOST_SENDING / (opened.webhooks?.length ?? 1));

export function announce(state: RunState, event: RunEvent, details: Details = {}): void {
  for (const { name, events } of state.opened.webhooks ?? []) {
    if (!events.includes(event)) continue;
    const waiting = (state.messages ?? []).filter(({ webhook }) => webhook === name).length;
    // The last is not left out: whoever missed the others learns by it that it is over.
    if (waiting >= shareOf(state) && event !== 'finished') {
      drop(state, name, `${event}: ${waiting} events wait for it already`);
      continue;
    }
    void deliver(state, name, event, details);
  }
}

function drop(state: RunState, webhook: string, what: string): void {
  const before = state.deliveriesDropped?.[webhook] ?? 0;
  state.deliveriesDropped = { ...state.deliveriesDropped, [webhook]: before + 1 };
  // Once: what is said of each would drown what else has happened.
  if (before === 0)
    note(
      state,
      `webhook ${webhook} is not told of ${what}; deliveriesDropped counts those that follow`,
    );
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
    ...{ id: nextId(state, runId), event, at: now(), workflowId, runId },
    ...{ strategy: identity.strategy, ensemble: opened.ensemble, phase, state: word, headline },
    ...details,
  };
  const message: WebhookMessage = { webhook, event: body };
  const delivery = newDelivery(message);
  state.messages = [...(state.messages ?? []), message];
  state.deliveries = newestDeliveries([...(state.deliveries ?? []), delivery], shareOf(state));
  try {
    // Whoever cancels a run does not silence it.
    await CancellationScope.nonCancellable(() => deliverWebhook(message));
    delivery.state = 'delivered';
  } catch (error) {
    const { message: why } = describeFailure(error);
    Object.assign(delivery, { state: 'failed', error: why });
    noteFirstFailure(state, webhook, `${event} was not delivered: ${why}`);
  }
  state.messages = state.messages.filter((other) => other !== message);
}

/** Made of nothing that a replay could make anew: receivers tell by it what they have had already. */
function nextId(state: RunState, runId: string): string {
  state.announced = (state.announced ?? 0) + 1;
  return `${runId}/${state.announced}`;
}

function noteFirstFailure(state: RunState, webhook: string, text: string): void {
  const before = state.failedWebhooks ?? [];
  if (before.includes(webhook)) return;
  state.failedWebhooks = [...before, webhook];
  note(state, `${text}; deliveries tells of those that follow`);
}

/** Before a history ends: what has not arrived by then somebody else goes on bringing. */
export async function lastWords(state: RunState): Promise<void> {
  if (onTheWay(state) > 0) await CancellationScope.nonCancellable(() => bringOrHandOver(state));
}

async function bringOrHandOver(state: RunState): Promise<void> {
  if (await condition(() => onTheWay(state) === 0, LAST_WORDS_MS)) return;
  const open = (state.deliveries ?? []).filter(
    (delivery) => delivery.state === 'sending' && delivery.handedTo === undefined,
  );
  try {
    const handedTo = await handOver(state.messages ?? []);
    for (const delivery of open) delivery.handedTo = handedTo;
  } catch (error) {
    const { message } = describeFailure(error);
    for (const delivery of open) Object.assign(delivery, { state: 'unknown', error: message });
    note(state, `nobody goes on telling webhooks of ${open.length} event(s): ${message}`);
  }
  state.messages = [];
}
