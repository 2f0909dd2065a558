/** What a run tells other systems by HTTP, where its ensemble's inventory names them. */
import { z } from 'zod';
import { secretReference } from './fields';

export const RUN_EVENTS = [
  'gateWaiting',
  'gateDecided',
  'gateEscalated',
  'phaseChanged',
  'finished',
] as const;
export type RunEvent = (typeof RUN_EVENTS)[number];

export const webhookUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' })
  .max(2048)
  .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), {
    error: 'a URL holds no password; expected secret to refer to one',
  });

export const signingSecret = secretReference
  .optional()
  .describe('signs the body: X-Zkferry-Signature: sha256=, HMAC-SHA256 in hex');

export const runWebhookSchema = z.strictObject({
  url: webhookUrl.describe('gets each event by POST, maybe more than once; 2xx: taken'),
  secret: signingSecret,
  events: z
    .array(z.enum(RUN_EVENTS))
    .min(1)
    .default([...RUN_EVENTS])
    .describe('which are told'),
});
export type RunWebhook = z.output<typeof runWebhookSchema>;

/** What is posted. */
export interface WebhookEvent {
  /** Of this event; the same however often it is posted. */
  id: string;
  event: RunEvent;
  /** ISO 8601. */
  at: string;
  workflowId: string;
  runId: string;
  strategy: string;
  ensemble: string;
  phase: string;
  state: string;
  headline: string;
  gate?: string;
  planHash?: string;
  decision?: string;
  by?: string;
  outcome?: string;
}

/** `unknown`: whoever was sending it is gone, and has not said. */
export const DELIVERY_STATES = ['sending', 'delivered', 'failed', 'unknown'] as const;

/** What became of one event at one webhook. */
export interface Delivery {
  webhook: string;
  id: string;
  event: RunEvent;
  at: string;
  state: (typeof DELIVERY_STATES)[number];
  error?: string;
  /** The workflow that goes on sending it, now that the run, or its history, has ended. */
  handedTo?: string;
}

/** One event for one webhook of the inventory. */
export interface WebhookMessage {
  webhook: string;
  event: WebhookEvent;
}

export const newDelivery = ({ webhook, event }: WebhookMessage): Delivery => ({
  ...{ webhook, id: event.id, event: event.event, at: event.at, state: 'sending' },
});

/** The newest `most` of each webhook, of which none that the run still sends is left out before one that it is done with. */
export function newestDeliveries(deliveries: readonly Delivery[], most: number): Delivery[] {
  const isOpen = ({ state, handedTo }: Delivery) => state === 'sending' && handedTo === undefined;
  const newestOf = (webhook: string) => {
    const all = deliveries.filter((delivery) => delivery.webhook === webhook);
    let excess = all.length - most;
    return all.filter((delivery) => isOpen(delivery) || excess-- <= 0).slice(-most);
  };
  const webhooks = new Set(deliveries.map(({ webhook }) => webhook));
  const kept = new Set([...webhooks].flatMap(newestOf));
  return deliveries.filter((delivery) => kept.has(delivery));
}
