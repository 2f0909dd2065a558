/** An approval that counts no more is shown no more. */
import { approvalPolicySchema } from '../../../src/model/approval';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { approveGate } from '../../../workflows/run/gates';
import { newRunState } from '../../../workflows/run/state';

/** As time goes by for those who wait: false once it is over. */
let mockTimers: { isOver: () => boolean; resolve: (inTime: boolean) => void; ms: number }[] = [];

jest.mock('@temporalio/workflow', () => ({
  ...jest.requireActual<object>('@temporalio/workflow'),
  proxyActivities: () => ({}),
  setCurrentDetails: () => undefined,
  workflowInfo: () => ({ workflowId: 'w', runId: 'r' }),
  CancellationScope: { nonCancellable: (work: () => unknown) => work() },
  condition: (isOver: () => boolean, ms: number) =>
    new Promise<boolean>((resolve) => mockTimers.push({ isOver, resolve, ms })),
}));

const settled = () => new Promise((resolve) => setImmediate(resolve));

function runAtGate() {
  const input = { ensemble: 'orders', target: { version: '3.9.6' } };
  const identity = { workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade' as const };
  const policies = { start: approvalPolicySchema.parse({ count: 2, expireMs: 60_000 }) };
  const opened = { ensemble: 'orders', approvals: { mode: 'open' as const, policies } };
  const gate = {
    ...{ gate: 'start' as const, why: 'w', planHash: 'h', openedAt: '2026-01-02T03:04:05.000Z' },
    ...{ onTimeout: 'wait' as const, needed: 2, approvals: [] },
  };
  mockTimers = [];
  const state = newRunState(rollingUpgradeInputSchema.parse(input), identity);
  return Object.assign(state, { opened: { ...state.opened, ...opened }, gate });
}

const approvedBy = (approver: string) => ({ gate: 'start' as const, approver });

test('it says until when it counts; then it is gone, and whose it was is told', async () => {
  const state = runAtGate();
  approveGate(state, approvedBy('ada'));
  const [{ at, expiresAt }] = state.gate.approvals as unknown as [Record<string, string>];
  expect(Date.parse(expiresAt!) - Date.parse(at!)).toBe(60_000);
  expect(mockTimers.map(({ ms }) => ms)).toEqual([60_000]);
  mockTimers[0]!.resolve(false);
  await settled();
  expect(state.gate.approvals).toEqual([]);
  expect(state.events.at(-1)?.text).toBe(
    'gate start: the approval by ada has lapsed after 60000 ms: 0 of 2',
  );
});

test('not once the gate is decided', async () => {
  const state = runAtGate();
  approveGate(state, approvedBy('ada'));
  expect(mockTimers[0]!.isOver()).toBe(false);
  approveGate(state, approvedBy('grace'));
  expect(mockTimers[0]!.isOver()).toBe(true);
  mockTimers[0]!.resolve(true);
  await settled();
  expect(state.gate).toMatchObject({ decision: 'approved', by: 'ada, grace' });
  expect(state.gate.approvals).toHaveLength(2);
});
