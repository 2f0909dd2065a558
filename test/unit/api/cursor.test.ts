import { openedCursor, signedCursor } from '../../../src/api/cursor';

const KEY = Buffer.alloc(32, 7);

test('what was given is taken', () => {
  const given = signedCursor(KEY, 'eyJhIjoxfQ');
  expect(given).toMatch(/^[A-Za-z0-9_.-]+$/);
  expect(openedCursor(KEY, given)).toBe('eyJhIjoxfQ');
});

test.each(['', '.', '0000', `${signedCursor(KEY, 'a')}x`, signedCursor(Buffer.alloc(32, 8), 'a')])(
  '%j was not given',
  (cursor) => {
    expect(() => openedCursor(KEY, cursor)).toThrow(/nextCursor of the page before/);
  },
);
