import { hasTakenEffect, statusAfter } from '../../../src/api/effect';
import type { StatusDocument } from '../../../src/model/status';
import { statusFixture } from '../cli/statusFixture';

const gate = {
  ...{
    gate: 'start' as const,
    why: 'it begins',
    planHash: 'abc',
    openedAt: '2026-01-01T00:00:00Z',
  },
  ...{ onTimeout: 'wait' as const },
};
const waiting = (more: object = {}): StatusDocument =>
  statusFixture({ state: 'waiting', gate: { ...gate, ...more } });
const running = statusFixture({ state: 'running', gate: undefined });

test('an approval shows once its gate is closed, or another stands in its place', () => {
  const taken = waiting({ decision: 'approved' });
  expect(hasTakenEffect('approve', taken, taken)).toBe(false);
  expect(hasTakenEffect('approve', taken, running)).toBe(true);
  const next = waiting({ openedAt: '2026-01-01T00:00:09Z' });
  expect(hasTakenEffect('approve', taken, next)).toBe(true);
});

test('one word of two shows at once', () => {
  const taken = waiting({ needed: 2, approvals: [{ by: 'anna', at: '' }] });
  expect(hasTakenEffect('approve', taken, taken)).toBe(true);
});

test('a rollback shows once the run goes back, and a stop once it has ended', () => {
  expect(hasTakenEffect('rollback', running, running)).toBe(false);
  expect(hasTakenEffect('rollback', running, { ...running, state: 'rollingBack' })).toBe(true);
  expect(hasTakenEffect('stop', running, running)).toBe(false);
  expect(hasTakenEffect('stop', running, { ...running, state: 'completed' })).toBe(true);
});

test('the wait has an end, and a look that fails is none', async () => {
  const taken = waiting({ decision: 'approved' });
  const looks = [() => Promise.reject(new Error('away')), () => Promise.resolve(running)];
  const look = () => (looks.shift() ?? (() => Promise.resolve(running)))();
  expect(await statusAfter('approve', taken, look, 5_000)).toEqual({
    ...{ status: running, shows: true },
  });
  const never = () => Promise.resolve(taken);
  expect(await statusAfter('approve', taken, never, 300)).toEqual({ status: taken, shows: false });
});
