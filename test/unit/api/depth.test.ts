import { isDeeperThan } from '../../../src/api/depth';

test.each<[string, number, boolean]>([
  ['[[1]]', 2, false],
  ['[[[1]]]', 2, true],
  ['{"a":{"b":[]}}', 3, false],
  ['{"a":"[[[[{{{{"}', 1, false],
  ['{"a":"\\"[[["}', 1, false],
  ['{"a":"\\\\"},[[[[', 2, true],
  ['[][][][]', 1, false],
  ['', 1, false],
])('%s nests deeper than %d: %s', (json, most, expected) => {
  expect(isDeeperThan(json, most)).toBe(expected);
});
