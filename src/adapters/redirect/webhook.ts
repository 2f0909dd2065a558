/** Tells a client of its servers by HTTP. Where it leads is the inventory's word alone. */
import { ZkferryError } from '../../model/errors';
import type { WebhookSpec } from '../../model/client';
import type { Direction } from '../../model/redirect';
import type { SecretsPort } from '../../model/ports';
import { postJson } from '../http/postJson';

export interface WebhookBody {
  client: string;
  connectString: string;
  direction: Direction;
  run: string;
}

/** @throws ZkferryError RedirectFailed for any answer but 2xx, none within `timeoutMs`, or no connection */
export async function callWebhook(
  { url, secret }: WebhookSpec,
  body: WebhookBody,
  options: { secrets: SecretsPort; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const { secrets, timeoutMs, signal } = options;
  const key = secret && (await secrets.resolve(secret));
  try {
    await postJson(url, body, { ...(key && { secret: key }), timeoutMs, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ZkferryError(
      'RedirectFailed',
      // Without the query, in which people put tokens.
      `webhook ${url.replace(/[?#].*$/, '')}: ${(error as Error).message}; look at what it calls, then resume`,
      { retryable: false, cause: error },
    );
  }
}
