/** Tells one webhook one event of a run. */
import { AddressRefused, postJson, Redirected } from '../src/adapters/http/postJson';
import { ZkferryError } from '../src/model/errors';
import type { RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { operation } from './operation';

const TIMEOUT_MS = 10_000;

export const webhookActivities = ({
  inventory,
  secrets,
}: Dependencies): Pick<RunActivities, 'deliverWebhook'> => ({
  deliverWebhook: ({ webhook, event }) =>
    operation(async ({ signal }) => {
      const { url, secret: reference } = await inventory.webhook(webhook);
      const secret = reference && (await secrets.resolve(reference));
      try {
        await postJson(url, event, { ...(secret && { secret }), timeoutMs: TIMEOUT_MS, signal });
      } catch (error) {
        if (signal.aborted) throw error;
        const isWrongUrl = error instanceof AddressRefused || error instanceof Redirected;
        throw new ZkferryError(
          'WebhookFailed',
          `webhook ${webhook}: ${(error as Error).message}; ${isWrongUrl ? 'correct its url in the inventory' : 'look at what it calls'}`,
          { retryable: !isWrongUrl },
        );
      }
    }),
});
