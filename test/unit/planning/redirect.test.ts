import fc from 'fast-check';
import { parseConnectString } from '../../../src/model/connectString';
import { batchesOf, redirectProgress } from '../../../src/planning/redirect/batches';
import {
  connectStringOf,
  leftServers,
  movedChroot,
  standingOf,
} from '../../../src/planning/redirect/sides';

const server = (host: string, clientPort = 2181) => ({ host, clientPort });

describe('batches', () => {
  test('hold every client once, in their order, and none more than its share', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.oneof(
          fc.integer({ min: 1, max: 50 }),
          fc.integer({ min: 1, max: 100 }).map((share) => `${share}%`),
        ),
        (count, size) => {
          const clients = Array.from({ length: count }, (_, index) => `c${index}`);
          const batches = batchesOf(clients, size);
          expect(batches.flat()).toEqual(clients);
          const most =
            typeof size === 'number' ? size : Math.ceil((count * Number.parseInt(size, 10)) / 100);
          for (const batch of batches) {
            expect(batch.length).toBeGreaterThan(0);
            expect(batch.length).toBeLessThanOrEqual(most);
          }
        },
      ),
    );
  });

  const batches = [['a', 'b'], ['c', 'd'], ['e']];
  const after = (outcomes: Record<string, 'done' | 'failed'>, maxFailures?: number) =>
    redirectProgress(batches, new Map(Object.entries(outcomes)), maxFailures);

  test('are begun one after the other', () => {
    expect(after({})).toEqual({ next: ['a', 'b'], failed: [], held: false });
    expect(after({ a: 'done' }).next).toEqual(['b']);
    expect(after({ a: 'done', b: 'done' }).next).toEqual(['c', 'd']);
    expect(after({ a: 'done', b: 'done', c: 'done', d: 'done', e: 'done' }).next).toEqual([]);
  });

  test('are held by the first failure, and then it is who failed that is tried again', () => {
    expect(after({ a: 'done', b: 'failed' })).toEqual({ next: ['b'], failed: ['b'], held: true });
  });

  test('go on past failures that may be, and are held by one more', () => {
    expect(after({ a: 'done', b: 'failed' }, 1)).toEqual({
      next: ['c', 'd'],
      failed: ['b'],
      held: false,
    });
    expect(after({ a: 'done', b: 'failed', c: 'failed' }, 1)).toEqual({
      next: ['b'],
      failed: ['b', 'c'],
      held: true,
    });
  });
});

describe('sides', () => {
  const sides = {
    from: { servers: [server('old1'), server('old2')] },
    to: { servers: [server('New1', 2182), server('::1')] },
  };
  const standing = (text: string, of = sides) => standingOf(parseConnectString(text), of);

  test.each([
    ['old1', 'old'],
    ['OLD2:2181,old1/app', 'old'],
    ['new1:2182', 'new'],
    ['[::1]:2181,new1:2182/app', 'new'],
    ['old1,new1:2182', 'mixed'],
    ['old1:2182', 'other'],
    ['old1,elsewhere', 'other'],
  ])('%s is %s', (text, expected) => expect(standing(text)).toBe(expected));

  const moved = {
    from: { ...sides.from, chroot: '/a' },
    to: { ...sides.to, chroot: '/b/c' },
  };

  test.each([
    ['old1/a', 'old'],
    ['old1/a/x', 'old'],
    ['old1/ab', 'other'],
    ['old1', 'other'],
    ['new1:2182/b/c/x', 'new'],
    ['new1:2182/a', 'other'],
  ])('with chroots %s is %s', (text, expected) => expect(standing(text, moved)).toBe(expected));

  test('a chroot is taken along below that of the new side', () => {
    expect(movedChroot('/a/x', moved)).toBe('/b/c/x');
    expect(movedChroot('/a', moved)).toBe('/b/c');
    expect(movedChroot('/ab', moved)).toBeUndefined();
    expect(movedChroot('/x', sides)).toBe('/x');
    expect(movedChroot('', sides)).toBe('');
    expect(connectStringOf(moved.to)).toBe('New1:2182,[::1]:2181/b/c');
  });

  test('a server of both sides is not one to leave', () => {
    const shared = { from: sides.from, to: { servers: [server('OLD2'), server('n')] } };
    expect(leftServers(shared)).toEqual([server('old1')]);
  });
});
