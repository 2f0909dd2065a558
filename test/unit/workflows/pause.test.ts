/** When a pause takes effect: never with a server down by the run's own hand. */
import type { Plan, PlanStep, StepActivity } from '../../../src/model/plan';
import type { StepStatus } from '../../../src/model/status';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { hold } from '../../../workflows/run/pause';
import { isPaused, newRunState, serversDown, type RunState } from '../../../workflows/run/state';

const turn: StepActivity[] = ['drainNode', 'stopServer', 'upgradePackage', 'startServer', 'soak'];

function run(states: Partial<Record<StepActivity, StepStatus['state']>>): RunState {
  const input = { ensemble: 'orders', target: { version: '3.9.6' } };
  const state = newRunState(rollingUpgradeInputSchema.parse(input), {
    workflowId: 'w',
    runId: 'r',
    strategy: 'rollingUpgrade',
  });
  const idOf = (activity: string): string => `3.9.6/zk2/${activity}`;
  const steps = turn.map(
    (activity) => ({ id: idOf(activity), activity, server: 'zk2' }) as PlanStep,
  );
  state.plan = { steps, direction: 'forward' } as unknown as Plan;
  for (const [activity, value] of Object.entries(states))
    state.steps[idOf(activity)] = { id: idOf(activity), state: value };
  if (states.stopServer !== undefined && states.startServer !== 'done') state.stopped = ['zk2'];
  state.paused = { since: '2026-01-02T03:04:05.000Z', by: 'operator' };
  return state;
}

test.each([
  ['before the stop', { drainNode: 'done' }, true],
  ['during the stop', { stopServer: 'running' }, false],
  ['after the stop', { stopServer: 'done' }, false],
  ['with the package installed', { stopServer: 'done', upgradePackage: 'done' }, false],
  ['during the start', { stopServer: 'done', startServer: 'running' }, false],
  ['after the start', { stopServer: 'done', startServer: 'done' }, true],
] as const)('asked for, %s', (_, states, paused) => {
  const state = run(states);
  expect(isPaused(state)).toBe(paused);
  expect(serversDown(state)).toEqual(paused ? [] : ['zk2']);
});

test('a failure holds the run where it is, also when a pause had been asked for', () => {
  const state = run({ stopServer: 'done', startServer: 'failed' });
  hold(state, 'ServerDown', 'zk2 did not start');
  expect(isPaused(state)).toBe(true);
  expect(state.paused).toMatchObject({ held: true, by: 'operator' });
});
