/** Tells a client of its servers by HTTP. Where it leads is the inventory's word alone: no redirection is followed. */
import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ZkferryError } from '../../model/errors';
import type { WebhookSpec } from '../../model/client';
import type { Direction } from '../../model/redirect';
import type { SecretsPort } from '../../model/ports';

/** Of an answer, for messages. */
const MAX_ANSWER_CHARS = 500;

export interface WebhookBody {
  client: string;
  connectString: string;
  direction: Direction;
  run: string;
}

/** @throws ZkferryError RedirectFailed for any answer but 2xx, none within `timeoutMs`, or no connection */
export async function callWebhook(
  webhook: WebhookSpec,
  body: WebhookBody,
  options: { secrets: SecretsPort; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const text = JSON.stringify(body);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    'user-agent': 'zkferry',
  };
  if (webhook.secret !== undefined) {
    const secret = await options.secrets.resolve(webhook.secret);
    const signature = createHmac('sha256', secret).update(text).digest('hex');
    headers['x-zkferry-signature'] = `sha256=${signature}`;
  }
  const { status, answer } = await post(webhook.url, headers, text, options);
  if (status >= 200 && status < 300) return;
  const hint = status >= 300 && status < 400 ? '; redirections are not followed' : '';
  const said = withoutQuery(webhook.url, answer);
  throw failed(webhook, `answered ${status}${hint}${said === '' ? '' : `: ${said}`}`);
}

function post(
  url: string,
  headers: Record<string, string>,
  text: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<{ status: number; answer: string }> {
  const send = url.toLowerCase().startsWith('https:') ? httpsRequest : httpRequest;
  const deadline = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (deadline.aborted) reject(failed({ url }, `no answer within ${timeoutMs} ms`, error));
      else reject(failed({ url }, error.message, error));
    };
    const request = send(
      url,
      { method: 'POST', headers, agent: false, signal: AbortSignal.any([signal, deadline]) },
      (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          answer = (answer + chunk).slice(0, MAX_ANSWER_CHARS);
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, answer: answer.trim() }),
        );
      },
    );
    request.on('error', fail);
    request.end(text);
  });
}

/** Pages of errors like to repeat what was asked for. */
function withoutQuery(url: string, answer: string): string {
  const { search, searchParams } = new URL(url);
  const secrets = [search.slice(1), ...searchParams.values()].filter((part) => part.length > 3);
  return secrets.reduce((text, secret) => text.replaceAll(secret, '…'), answer);
}

/** Without the query, in which people put tokens. */
const failed = ({ url }: { url: string }, why: string, cause?: Error): ZkferryError =>
  new ZkferryError(
    'RedirectFailed',
    `webhook ${url.replace(/[?#].*$/, '')}: ${why}; look at what it calls, then resume`,
    { retryable: false, cause },
  );
