import {
  counterRaise,
  LAST_SEQUENCE,
  nextSequenceSeen,
  sequentialPath,
} from '../../../src/tree/counters';

describe('the next sequence number of a parent', () => {
  it.each([
    ['a parent without children', 0, 0, 0],
    ['three creates, all still there', 3, 3, 3],
    ['seven creates, five deletes', 12, 2, 7],
    ['2^30 creates, where the sum passes 2^31', -(2 ** 31), 0, 2 ** 30],
    ['the last number, all deleted', -2, 0, LAST_SEQUENCE],
    ['the last number, one child left', -3, 1, LAST_SEQUENCE],
  ])('is read from what a client sees: %s', (_, cversion, numChildren, next) => {
    expect(nextSequenceSeen({ cversion, numChildren })).toBe(next);
  });

  it.each([
    [0, '/q/n-0000000000'],
    [42, '/q/n-0000000042'],
    [LAST_SEQUENCE, '/q/n-2147483647'],
    [-(2 ** 31), '/q/n--2147483648'],
    [-7, '/q/n--000000007'],
  ])('%d makes the path %s', (sequence, path) => {
    expect(sequentialPath('/q/n-', sequence)).toBe(path);
  });
});

describe('raising a counter', () => {
  it('takes a create and a delete for each number the children to come do not bring', () => {
    expect(counterRaise(10, 0, 4)).toEqual({ kind: 'raise', pairs: 6 });
    expect(counterRaise(10, 10, 0)).toEqual({ kind: 'raise', pairs: 0 });
    expect(counterRaise(LAST_SEQUENCE, LAST_SEQUENCE - 1, 1)).toEqual({ kind: 'raise', pairs: 0 });
  });

  it('is impossible where the target is ahead, children to come counted', () => {
    expect(counterRaise(10, 11, 0)).toEqual({ kind: 'ahead', by: 1 });
    expect(counterRaise(10, 8, 5)).toEqual({ kind: 'ahead', by: 3 });
  });

  it('never goes past the last number', () => {
    expect(counterRaise(LAST_SEQUENCE, LAST_SEQUENCE, 0)).toEqual({ kind: 'raise', pairs: 0 });
    expect(counterRaise(LAST_SEQUENCE, LAST_SEQUENCE, 1)).toEqual({ kind: 'wrapped' });
    expect(counterRaise(-(2 ** 31), 5, 0)).toEqual({ kind: 'wrapped' });
    expect(counterRaise(-5, -5, 0)).toEqual({ kind: 'raise', pairs: 0 });
  });
});
