/** Why a control can't be taken now, with what to do instead. */
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import type { Controls } from '../../../workflows/run/handlers';
import { registerControls } from '../../../workflows/run/controls';
import { newRunState, type RunState } from '../../../workflows/run/state';

let mockControls: Controls;

jest.mock('../../../workflows/run/handlers', () => ({
  ...jest.requireActual<object>('../../../workflows/run/handlers'),
  registerHandlers: (controls: Controls) => (mockControls = controls),
}));

function refusalOfRollback(more: Partial<RunState>): string | undefined {
  const input = { ensemble: 'orders', target: { version: '3.9.6' } };
  const identity = { workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade' as const };
  const state = newRunState(rollingUpgradeInputSchema.parse(input), identity);
  registerControls(Object.assign(state, more));
  return mockControls.whyRefused.rollback({});
}

test('a second rollback of a way back that is paused is told what to do', () => {
  const back = { state: 'rollingBack' as const };
  expect(refusalOfRollback(back)).toBe('the run is already rolling back');
  expect(refusalOfRollback({ ...back, paused: { since: 't' } })).toBe(
    'the run is already rolling back, and is paused: resume it, and it goes on',
  );
});
