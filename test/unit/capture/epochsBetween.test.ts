import { epochsBetween } from '../../../src/adapters/capture/epochsBetween';

test.each([
  [0x100000005n, 0x100000009n, ''],
  [0x100000005n, 0x200000003n, ''],
  [0x100000005n, 0x300000001n, /from epoch 0x1 to 0x3, as by elections or by being restored/],
])('after %s up to %s', (after, upTo, expected) =>
  expect(epochsBetween(after, upTo)).toMatch(expected === '' ? /^$/ : expected),
);
