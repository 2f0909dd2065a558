/** Webhooks that take nothing do not drown what else has happened in a run. */
import { ApplicationFailure } from '@temporalio/common';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { announce } from '../../../workflows/run/announce';
import { newRunState, type RunState } from '../../../workflows/run/state';

let mockDeliver: () => Promise<void>;

jest.mock('@temporalio/workflow', () => ({
  ...jest.requireActual<object>('@temporalio/workflow'),
  proxyActivities: () => ({ deliverWebhook: () => mockDeliver() }),
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
  for (let turn = 0; turn < 60; turn += 1) announce(state, 'phaseChanged');
  await settled();
  expect(state.deliveriesDropped).toBe(10);
  expect(saidBy(state)).toEqual([expect.stringContaining('50 events wait already')]);
});
