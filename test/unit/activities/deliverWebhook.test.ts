/** What a webhook answers, and whether it is told again. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { webhookActivities } from '../../../activities/deliverWebhook';
import type { Dependencies } from '../../../activities/dependencies';
import type { WebhookMessage } from '../../../src/model/webhooks';

let listener: Server;
let answer: number;
const logger = new DefaultLogger('ERROR');

beforeAll(async () => {
  listener = createServer((_, response) => response.writeHead(answer, { location: '/' }).end());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});
afterAll(() => listener.close());

test.each([
  [302, true, /answered 302; redirections are not followed; correct its url in the inventory/],
  [404, false, /answered 404; look at what it calls/],
  [503, false, /answered 503; look at what it calls/],
])('%i', async (status, nonRetryable, message) => {
  answer = status;
  const { port } = listener.address() as AddressInfo;
  const webhook = () => Promise.resolve({ url: `http://127.0.0.1:${port}/` });
  const { deliverWebhook } = webhookActivities({
    inventory: { webhook },
  } as unknown as Dependencies);
  const told = { webhook: 'tickets', event: { id: 'r/1' } } as unknown as WebhookMessage;
  await expect(
    new MockActivityEnvironment(undefined, { logger }).run(deliverWebhook, told),
  ).rejects.toMatchObject({
    ...{ type: 'WebhookFailed', nonRetryable },
    message: expect.stringMatching(message) as string,
  });
});
