/** Of a migration: who is closed, who was left out, and whom the way back does not touch. */
import { migrateDataCenterInputSchema } from '../../../src/model/migrationInputs';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { noteServers, sideServerLines, withoutIn } from '../../../workflows/run/sideServers';
import { newRunState, type RunInput, type RunState } from '../../../workflows/run/state';

const step = (activity: PlanStep['activity'], side?: PlanStep['side'], back = false): PlanStep =>
  ({
    ...{ id: `${back ? 'rollback/' : ''}${activity}/${side}`, activity, side },
    phase: back ? 'rollback' : 'open',
  }) as PlanStep;

const fence = step('fenceServers', 'source');
const stop = step('stopEnsemble', 'source');
const setAside = step('setAsideEverywhere', 'source', true);
const place = step('placeEverywhere', 'source', true);
const lift = step('liftFence', 'source', true);
const stopNew = step('stopEnsemble', 'target', true);

function run(direction: Plan['direction'], steps: PlanStep[]): RunState {
  const input = migrateDataCenterInputSchema.parse({
    ...{ source: 'orders', target: 'dc2', mode: 'physical' },
  });
  const identity = { workflowId: 'w', runId: 'r', strategy: 'migrateDataCenter' as const };
  const state = newRunState(input as unknown as RunInput, identity);
  return Object.assign(state, { plan: { direction, steps } as Plan });
}

const closed = (server: string) => ({ server, openByHand: `open ${server}` });
const left = (server: string) => ({ server, why: 'no answer', byHand: 'start it' });
const closedIn = (state: RunState) => state.sideServers?.closed.map(({ server }) => server);
const leftIn = (state: RunState) => state.sideServers?.leftOut.map(({ server }) => server);

test('who is closed stays so until it is opened, one by one', () => {
  const state = run('rollback', [setAside, place, lift]);
  noteServers(state, fence, { closed: ['zk1', 'zk2', 'zk3'].map(closed) });
  noteServers(state, stop, { leftOut: [] });
  expect(closedIn(state)).toEqual(['zk1', 'zk2', 'zk3']);
  noteServers(state, lift, { opened: ['zk1', 'zk2'], leftOut: [left('zk3')] });
  expect(closedIn(state)).toEqual(['zk3']);
  expect(sideServerLines(state)).toEqual([
    '  zk3 is left as it is (no answer): start it',
    expect.stringMatching(/zk3 is still closed .*: open zk3$/),
  ]);
});

test('once the old side is retired only what could not be reached is told', () => {
  const state = run('forward', [fence, stop]);
  noteServers(state, fence, { closed: ['zk1', 'zk2', 'zk3'].map(closed) });
  noteServers(state, step('retireServers'), { opened: ['zk1', 'zk2'], leftOut: [left('zk3')] });
  expect([closedIn(state), leftIn(state)]).toEqual([['zk3'], ['zk3']]);
});

test('who was left out of the way there is tried again on the way back, and one of the way back is not', () => {
  const state = run('rollback', [setAside, place, lift]);
  noteServers(state, stop, { leftOut: [left('zk1')] });
  expect(withoutIn(state, setAside)).toEqual([]);
  noteServers(state, setAside, { leftOut: [left('zk3')] });
  expect(leftIn(state)).toEqual(['zk3']);
  expect(withoutIn(state, place)).toEqual(['zk3']);
  expect(withoutIn(state, stopNew)).toEqual([]);
});

test('one side says nothing of the other', () => {
  const state = run('rollback', [stopNew, setAside]);
  noteServers(state, setAside, { leftOut: [left('zk3')] });
  noteServers(state, stopNew, { leftOut: [left('zk6')] });
  noteServers(state, stopNew, { leftOut: [] });
  expect(leftIn(state)).toEqual(['zk3']);
});
