/** Webhooks that take nothing do not drown what else has happened in a run. */
import { ApplicationFailure } from '@temporalio/common';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import type { WebhookMessage } from '../../../src/model/webhooks';
import { announce } from '../../../workflows/run/announce';
import { newRunState, type RunState } from '../../../workflows/run/state';

let mockDeliver: (message: WebhookMessage) => Promise<void>;

jest.mock('@temporalio/workflow', () => ({
  ...jest.requireActual<object>('@temporalio/workflow'),
  proxyActivities: () => ({
    deliverWebhook: {
      executeWithOptions: (_: object, [message]: [WebhookMessage]) => mockDeliver(message),
    },
  }),
  CancellationScope: { nonCancellable: (work: () => unknown) => work() },
  workflowInfo: () => ({ workflowId: 'w', runId: 'r' }),
  uuid4: () => 'an id',
}));

function runTelling(...webhooks: string[]): RunState {
  const input = { ensemble: 'orders', target: { version: '3.9.6' } };
  const identity = { workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade' as const };
  const state = newRunState(rollingUpgradeInputSchema.parse(input), identity);
  const events = ['phaseChanged'];
  const opened = { ensemble: 'orders', webhooks: webhooks.map((name) => ({ name, events })) };
  return Object.assign(state, { opened });
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const saidBy = (state: RunState) => state.events.map(({ text }) => text);

test('the first failure of each webhook is an event, the others are told by its deliveries', async () => {
  mockDeliver = () => Promise.reject(ApplicationFailure.nonRetryable('refused: address 0.0.0.0'));
  const state = runTelling('tickets', 'chat');
  for (let turn = 0; turn < 5; turn += 1) announce(state, 'phaseChanged');
  await settled();
  expect(saidBy(state)).toEqual(
    Array(2).fill(expect.stringMatching(/^phaseChanged was not delivered: refused/)),
  );
  expect(state.deliveries?.filter(({ state: word }) => word === 'failed')).toHaveLength(10);
});

test('so is the first that is dropped', async () => {
  mockDeliver = () => new Promise(() => undefined);
  const state = runTelling('tickets');
  for (let turn = 0; turn < 110; turn += 1) announce(state, 'phaseChanged');
  await settled();
  expect(state.deliveriesDropped).toEqual({ tickets: 10 });
  expect(saidBy(state)).toEqual([expect.stringContaining('100 events wait for it already')]);
});

test('webhooks that take nothing hold back none that does, and what each was not told is counted', async () => {
  mockDeliver = ({ webhook }) =>
    webhook === 'healthy' ? Promise.resolve() : new Promise(() => undefined);
  const dead = Array.from({ length: 18 }, (_, index) => `dead${index}`);
  const state = runTelling(...dead, 'healthy');
  for (let turn = 0; turn < 7; turn += 1) {
    announce(state, 'phaseChanged');
    await settled();
  }
  const of = (name: string) => state.deliveries?.filter(({ webhook }) => webhook === name);
  expect(of('healthy')).toEqual(
    Array(5).fill(expect.objectContaining({ state: 'delivered' })) as unknown[],
  );
  expect(of('dead0')).toHaveLength(5);
  expect(state.announced).toBe(18 * 5 + 7);
  expect(state.deliveriesDropped).toEqual(Object.fromEntries(dead.map((name) => [name, 2])));
});
