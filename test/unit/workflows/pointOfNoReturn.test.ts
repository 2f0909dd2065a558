/** Passing gate `finalize` ends the way back, also where a pause keeps the step behind it waiting. */
import type { Plan, PlanStep } from '../../../src/model/plan';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { newRunState, type RunState } from '../../../workflows/run/state';
import { rollbackPossibility } from '../../../workflows/run/status';
import { executePlan } from '../../../workflows/run/steps';

const mockWaits: { until?: () => void } = {};

jest.mock('@temporalio/workflow', () => ({
  ...jest.requireActual<object>('@temporalio/workflow'),
  setCurrentDetails: () => undefined,
  workflowInfo: () => ({ workflowId: 'w', runId: 'r' }),
  condition: () => Promise.resolve(mockWaits.until?.()),
}));

const last: PlanStep = {
  id: 'finalize/verifyMembersAgree',
  phase: 'finalize',
  activity: 'verifyMembersAgree',
  title: 'prove that all members agree',
  why: 'nothing is changed by looking',
  guard: { kind: 'none' },
  undo: 'nothing to undo',
  waitsFor: 'they agree',
  timeoutMs: 1_000,
  gate: 'finalize',
};

function upgraded(): RunState {
  const input = rollingUpgradeInputSchema.parse({
    ...{ ensemble: 'orders', target: { version: '3.9.6' } },
    gates: { finalize: { mode: 'auto' } },
  });
  const state = newRunState(input, {
    ...{ workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade' },
  });
  state.plan = {
    ...{ direction: 'forward', strategy: 'rollingUpgrade', goal: 'orders to 3.9.6', hash: 'h' },
    ...{ steps: [last], findings: [], hops: [], toVersion: '3.9.6', fromVersions: {} },
    expectation: { serverRestarts: 0, leaderRestarts: 0, longestWriteGapMs: 0, durationMs: 0 },
  } as unknown as Plan;
  state.touched = [{ server: 'zk1', from: '3.8.4', to: '3.9.6', upgraded: true }];
  return state;
}

/** Pauses right after the gate; what is said of the way back meanwhile. */
async function pausedBehindGate(state: RunState): Promise<{ possible: boolean; reason: string }> {
  let said = { possible: true, reason: 'never paused' };
  mockWaits.until = () => {
    said = rollbackPossibility(state);
    state.rollbackRequested = {};
  };
  let boundaries = 0;
  const atBoundary = () => {
    boundaries += 1;
    if (boundaries === 2) state.paused = { since: '2026-01-02T03:04:05.000Z' };
    return Promise.resolve();
  };
  await executePlan(state, { atBoundary, replan: () => Promise.resolve(false) });
  return said;
}

test('before the gate going back is possible, behind it no more', async () => {
  const state = upgraded();
  expect(rollbackPossibility(state).possible).toBe(true);
  const { possible, reason } = await pausedBehindGate(state);
  expect(possible).toBe(false);
  expect(reason).toContain('gate finalize was passed');
  expect(state.steps[last.id]?.startedAt).toBeUndefined();
});
