/** What a run remembers of its looks at the ensemble: every change of leader, however short the look. */
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import type { Observation } from '../../../activities/api';
import { newRunState, observe, type RunState } from '../../../workflows/run/state';

const identity = { workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade' } as const;

function run(): RunState {
  const input = { ensemble: 'orders', target: { version: '3.9.6' } };
  return newRunState(rollingUpgradeInputSchema.parse(input), identity);
}

const look = (epoch?: number, more: Partial<Observation> = {}): Observation => ({
  observedAt: '2026-01-02T03:04:05.000Z',
  versions: { zk1: '3.4.14', zk2: '3.4.14', zk3: '3.4.14' },
  roles: {},
  syncedVoters: 3,
  quorumMargin: 1,
  identity: 'same',
  ...(epoch !== undefined && { epoch, leader: 'zk3', leaderVersion: '3.4.14' }),
  ...more,
});

function after(...looks: Observation[]): RunState {
  const state = run();
  looks.forEach((seen) => observe(state, seen));
  return state;
}

test('a higher epoch is another leader, the same one is not', () => {
  expect(after(look(4), look(4)).leaderChanges).toBe(0);
  expect(after(look(4), look(5), look(7)).leaderChanges).toBe(2);
});

test('a look in the middle of an election, when nobody tells an epoch, hides no change', () => {
  expect(after(look(4), look(), look(5)).leaderChanges).toBe(1);
  expect(after(look(4), look(), look(4)).leaderChanges).toBe(0);
});

test('servers that show the old epoch for a moment make one change no two', () => {
  expect(after(look(4), look(5), look(4), look(5)).leaderChanges).toBe(1);
});

test('a leader of 3.5 or newer ends the way back below 3.5', () => {
  expect(after(look(4)).newFormatLed).toBe(false);
  expect(after(look(4), look(5, { leaderVersion: '3.5.10' })).newFormatLed).toBe(true);
});

test('so does any change of leader with a newer server about, even one nobody saw happen', () => {
  const mixed = { versions: { zk1: '3.5.10', zk2: '3.4.14', zk3: '3.4.14' } };
  expect(after(look(4, mixed), look(), look(5, mixed)).newFormatLed).toBe(true);
  expect(after(look(4), look(5)).newFormatLed).toBe(false);
});
