import { parseTarget } from '../../../src/planning/backup/target';

test.each([
  ['latest', { kind: 'latest' }],
  ['0x1f00000a2', { kind: 'zxid', zxid: '0x1f00000a2' }],
  ['0x00A2', { kind: 'zxid', zxid: '0xa2' }],
  ['0xffffffffffffffff', { kind: 'zxid', zxid: '0xffffffffffffffff' }],
  ['2026-01-02T03:04:05Z', { kind: 'time', timeMs: Date.UTC(2026, 0, 2, 3, 4, 5) }],
  ['2026-01-02T03:04:05+02:00', { kind: 'time', timeMs: Date.UTC(2026, 0, 2, 1, 4, 5) }],
  ['2026-01-02T03:04:05.25-11:30', { kind: 'time', timeMs: Date.UTC(2026, 0, 2, 14, 34, 5, 250) }],
  // Later than all of .123, before all of .124.
  ['2026-01-02T03:04:05.123999Z', { kind: 'time', timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 123) }],
])('%s is a point to restore to', (text, target) => {
  expect(parseTarget(text)).toEqual(target);
});

test.each(['2026-01-02T03:04:05', '2026-01-02T03:04:05.250', '2026-01-02'])(
  '%s has no zone, and the refusal says so',
  (text) => {
    expect(() => parseTarget(text)).toThrow(
      expect.objectContaining({
        type: 'InvalidInput',
        message: expect.stringContaining('no time zone'),
      }) as Error,
    );
  },
);

test.each([
  '',
  '-5m',
  'now',
  'Latest',
  '12345',
  '0x',
  '0x10000000000000000',
  '0xg',
  '2026-02-30T00:00:00Z',
  '2026-01-02T25:00:00Z',
  '2026-01-02 03:04:05 CET',
])('%j is none, and the refusal says what is', (text) => {
  expect(() => parseTarget(text)).toThrow(
    expect.objectContaining({
      type: 'InvalidInput',
      message: expect.stringMatching(/"latest", a zxid such as 0x.*, or a time with its zone/),
    }) as Error,
  );
});
