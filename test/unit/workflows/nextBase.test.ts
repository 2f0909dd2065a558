/** When a run that takes whole bases takes the next one. */
import { nextBaseMs } from '../../../workflows/backup/nextBase';

const startedAt = '2026-01-01T00:00:00.000Z';
const lastBase = { usableFrom: '0x5', takenAt: '2026-01-01T01:00:00.000Z', bytes: 1 };
const shown = (state: object) =>
  new Date(nextBaseMs({ startedAt, baseEveryMs: 60_000, ...state })).toISOString();

test('at once, then so long after the last one as it is tuned to, or when it is tried again', () => {
  expect(shown({})).toBe(startedAt);
  expect(shown({ lastBase })).toBe('2026-01-01T01:01:00.000Z');
  expect(shown({ lastBase, baseEveryMs: 3_600_000 })).toBe('2026-01-01T02:00:00.000Z');
  const baseAgainAt = '2026-01-01T01:00:30.000Z';
  expect(shown({ lastBase, baseAgainAt })).toBe(baseAgainAt);
});
