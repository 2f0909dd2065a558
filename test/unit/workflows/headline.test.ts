/** What a run says it does, right after somebody steered it. */
import type { Plan } from '../../../src/model/plan';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { showGoesOn } from '../../../workflows/run/pause';
import { newRunState, type RunState } from '../../../workflows/run/state';
import { headlineOf, statusDocument } from '../../../workflows/run/status';

jest.mock('@temporalio/workflow', () => ({
  ...jest.requireActual<object>('@temporalio/workflow'),
  proxyActivities: () => ({}),
  workflowInfo: () => ({ workflowId: 'w', runId: 'r' }),
}));

function run(more: Partial<RunState>): RunState {
  const input = { ensemble: 'orders', target: { version: '3.9.6' } };
  const identity = { workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade' as const };
  const state = newRunState(rollingUpgradeInputSchema.parse(input), identity);
  return Object.assign(state, { state: 'running', headline: 'soak zk2' }, more);
}

const asked = { by: 'ada' };

test.each<[string, Partial<RunState>, string]>([
  [
    'a step is at work',
    { rollbackRequested: asked },
    'rollback asked for by ada, begins once this is done: soak zk2',
  ],
  [
    'it stands still',
    { rollbackRequested: { ...asked, atOnce: true } },
    'rollback asked for by ada: begins now',
  ],
  ['the way back has begun', { state: 'rollingBack', rollbackRequested: asked }, 'soak zk2'],
  ['its report is written', { phase: 'report', rollbackRequested: asked }, 'soak zk2'],
  ['it is over', { state: 'rolledBack', rollbackRequested: asked }, 'soak zk2'],
])('of a way back, where %s', (_, more, headline) => {
  expect(headlineOf(run(more))).toBe(headline);
});

const gate = {
  gate: 'start' as const,
  why: 'w',
  planHash: 'h',
  openedAt: 't',
  onTimeout: 'wait' as const,
};
const paused = { since: 't', by: 'ada' };
const starting = {
  stopped: ['zk2'],
  plan: { steps: [{ id: 's', activity: 'startServer', server: 'zk2' }] } as unknown as Plan,
};

test.each<[string, Partial<RunState>, RegExp]>([
  ['at a gate', { state: 'waiting', gate, paused }, /^soak zk2; paused by ada: once the gate/],
  ['whose gate was passed', { paused }, /^paused by ada: stops before its next step$/],
  [
    'that stands still',
    { paused, headline: 'paused by ada', headlineBefore: 'x' },
    /^paused by ada$/,
  ],
  [
    'that goes back',
    { state: 'rollingBack', paused },
    /^paused by ada: stops before its next step$/,
  ],
  [
    'that goes back, while a server is down',
    { state: 'rollingBack', paused, ...starting },
    /^soak zk2; pause asked for by ada: stops once no server is down by its hand$/,
  ],
  ['held by a failure', { paused: { ...paused, held: true }, headline: 'held: no' }, /^held: no$/],
])('of a paused run %s', (_, more, headline) => {
  expect(headlineOf(run(more))).toMatch(headline);
});

test('what goes on after a pause is said at once, and by no pause it is left as it is', () => {
  const state = run({ headline: 'paused by ada', headlineBefore: 'soak zk2' });
  showGoesOn(state);
  showGoesOn(state);
  expect(headlineOf(state)).toBe('soak zk2');
});

test('how long it takes is not told while it stands still, nor that it does before', () => {
  const steps = [{ id: 'a' }, { id: 'b' }];
  const plan = { steps, findings: [], fromVersions: {} } as unknown as Plan;
  const done = { a: { id: 'a', state: 'done' as const, durationMs: 1_000 } };
  const going = run({ state: 'rollingBack', plan, steps: done, paused });
  expect(statusDocument(going)).toMatchObject({
    ...{ progress: { timeLeftMs: 1_000 }, paused: { waits: true } },
  });
  const still = statusDocument({ ...going, headlineBefore: 'x' });
  expect([still.progress?.timeLeftMs, still.paused?.waits]).toEqual([undefined, undefined]);
});
