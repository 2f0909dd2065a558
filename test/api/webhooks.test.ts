/** What a run tells other systems: a gate that waits, is told again and decided, phases, the end; signed, and again until taken. */
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { refusalOf } from '../../src/adapters/http/postJson';
import type { StatusDocument } from '../../src/model/status';
import type { WebhookEvent } from '../../src/model/webhooks';
import { buildBundle } from '../../worker/bundle';
import { until } from '../support/until';
import { ApiInstallation } from './support';

const SECRET = 'of the webhook';
const TICKET = 'CHG-told';
const LATE_TICKET = 'CHG-told-late';

let listener: Server;
let installation: ApiInstallation;
let asked = 0;
/** Whether the listener answers that it can't take anything now. */
let isAway = false;
const told: WebhookEvent[] = [];

beforeAll(async () => {
  listener = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      asked += 1;
      // The first is not taken: it has to come again.
      if (asked === 1 || isAway) return response.writeHead(500).end('not now');
      const signature = createHmac('sha256', SECRET).update(text).digest('hex');
      if (request.headers['x-zkferry-signature'] !== `sha256=${signature}`)
        return response.writeHead(403).end();
      told.push(JSON.parse(text) as WebhookEvent);
      return response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  process.env.TEST_WEBHOOK_SECRET = SECRET;
  const { port } = listener.address() as AddressInfo;
  installation = await ApiInstallation.create({
    name: 'told',
    people: { olga: ['operator:*', 'approver:*'] },
    approvals: { start: { excludeRequester: false, escalateAfterMs: 1_000 } },
    webhooks: {
      tickets: { url: `http://127.0.0.1:${port}/?token=hidden`, secret: 'env:TEST_WEBHOOK_SECRET' },
      elsewhere: { url: 'http://169.254.169.254/latest', events: ['gateWaiting'] },
    },
  });
}, 120_000);

afterAll(async () => {
  await installation?.destroy();
  listener?.close();
  delete process.env.TEST_WEBHOOK_SECRET;
}, 60_000);

test('of a run that is rejected, each once, signed; what is not taken comes again; the status says what became of them', async () => {
  const olga = installation.as('olga');
  const input = { ensemble: 'told', target: { version: '3.9.6' } };
  await olga.post('/v1/runs', { ticket: TICKET, strategy: 'upgrade', input });
  const eventNamed = (name: string) =>
    until(`event ${name}`, () => told.find(({ event }) => event === name), 60_000);
  const { planHash } = await eventNamed('gateWaiting');
  expect(await eventNamed('gateEscalated')).toMatchObject({ gate: 'start', planHash });
  const { body } = await olga.post(`/v1/runs/${TICKET}/gates/start/reject`, { planHash });
  const { deliveries } = body as unknown as StatusDocument;
  expect(deliveries).toContainEqual(
    expect.objectContaining({ webhook: 'tickets', event: 'gateWaiting', state: 'delivered' }),
  );
  expect(await eventNamed('gateDecided')).toMatchObject({ decision: 'rejected', by: 'olga' });
  expect(await eventNamed('finished')).toMatchObject({ outcome: 'rejected', workflowId: TICKET });
  await until(
    'the first phase, told again',
    () => told.some(({ phase }) => phase === 'inspect') || undefined,
    30_000,
  );
  const ids = told.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  // What nobody may be led to is not tried again: it is seen at once.
  const { status } = (await olga.get(`/v1/runs/${TICKET}`)).body as { status: StatusDocument };
  expect(status.deliveries).toContainEqual(
    expect.objectContaining({
      ...{ webhook: 'elsewhere', state: 'failed' },
      error: expect.stringContaining('refused: address 169.254.169.254') as string,
    }),
  );
  expect(JSON.stringify(status)).not.toContain('hidden');
}, 240_000);

test('whoever is away when a run ends keeps nobody from the ensemble, and is told once back', async () => {
  const olga = installation.as('olga');
  const request = {
    strategy: 'upgrade',
    input: { ensemble: 'told', target: { version: '3.9.6' } },
  };
  const statusOf = async (ticket: string) =>
    (await olga.get(`/v1/runs/${ticket}`)).body as {
      run: { status: string };
      status: StatusDocument;
    };
  const finished = async () =>
    (await statusOf(LATE_TICKET)).status.deliveries?.find(({ event }) => event === 'finished');
  await olga.post('/v1/runs', { ticket: LATE_TICKET, ...request });
  const { planHash } = await until(
    'its gate',
    async () => (await statusOf(LATE_TICKET)).status?.gate,
    60_000,
  );
  isAway = true;
  await olga.post(`/v1/runs/${LATE_TICKET}/gates/start/reject`, { planHash });
  await until(
    'its end, which waits for no webhook',
    async () => (await statusOf(LATE_TICKET)).run.status === 'COMPLETED' || undefined,
    10_000,
  );
  expect(
    await until(
      'why it has not arrived',
      async () => {
        const one = await finished();
        return one?.error === undefined ? undefined : one;
      },
      10_000,
    ),
  ).toMatchObject({ state: 'sending', error: expect.stringContaining('answered 500') as string });
  expect(
    told.some(({ workflowId, event }) => workflowId === LATE_TICKET && event === 'finished'),
  ).toBe(false);
  expect(await olga.post('/v1/runs', { ticket: 'CHG-next', ...request })).toMatchObject({
    status: 201,
  });
  isAway = false;
  await until(
    'finished, late',
    () => told.find(({ workflowId, event }) => workflowId === LATE_TICKET && event === 'finished'),
    60_000,
  );
  await until(
    'its delivery to be seen',
    async () => (await finished())?.state === 'delivered' || undefined,
    10_000,
  );
}, 240_000);

test('runs that told, and what told after them, replay', async () => {
  const { workflow } = installation.harness.client;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { code } = await buildBundle();
  const { deliveries } = await workflow.getHandle(LATE_TICKET).query<StatusDocument>('status');
  const handedTo = deliveries?.find(({ event }) => event === 'finished')?.handedTo ?? '';
  expect(handedTo).toContain(LATE_TICKET);
  for (const workflowId of [TICKET, LATE_TICKET, handedTo])
    await Worker.runReplayHistory(
      { workflowBundle: { code } },
      await workflow.getHandle(workflowId).fetchHistory(),
      workflowId,
    );
}, 120_000);

test('only a run tells of itself: whoever may start workflows signs nothing by a webhook', async () => {
  const { workflow } = installation.harness.client;
  const event = { ...told[0]!, event: 'gateDecided', decision: 'approved', headline: 'forged' };
  const forged = workflow.execute('tellWebhooks', {
    ...{ workflowId: 'zkferry-tell-forged', taskQueue: 'zkferry' },
    args: [{ messages: [{ webhook: 'tickets', event }] }],
  });
  await expect(forged).rejects.toMatchObject({ cause: { type: 'Refused' } });
  expect(JSON.stringify(told)).not.toContain('forged');
}, 60_000);

test.each([
  ...['169.254.169.254', 'fe80::1', '0.0.0.0', '::', '224.0.0.1', '255.255.255.255'],
  ...['::ffff:169.254.169.254', 'fd00:ec2::254'],
])('nothing is posted to %s', (address) => {
  expect(refusalOf(address)).toBeDefined();
});

test.each(['127.0.0.1', '10.0.0.1', '192.168.1.1', '::1', 'fd12::1', '93.184.216.34'])(
  '%s is an installation’s own, or anybody’s',
  (address) => {
    expect(refusalOf(address)).toBeUndefined();
  },
);
