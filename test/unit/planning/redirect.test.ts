import fc from 'fast-check';
import { parseConnectString } from '../../../src/model/connectString';
import { saidAhead } from '../../../src/planning/redirect/ahead';
import { batchesOf, redirectProgress } from '../../../src/planning/redirect/batches';
import { changeBack, changeThere } from '../../../src/planning/redirect/changes';
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

describe('a connection string', () => {
  const sides = {
    from: { servers: [server('a'), server('b')], chroot: '/app' },
    to: { servers: [server('c')], chroot: '/moved' },
  };
  const there = (text: string, planned?: string) =>
    changeThere(parseConnectString(text), sides, planned);
  const back = (text: string, before?: string) =>
    changeBack(parseConnectString(text), sides, before);
  const done = { kind: 'none' };

  test('that is what was planned is led over, in whatever order its servers are', () => {
    const led = { kind: 'set', servers: 'c:2181', chroot: '/moved/x' };
    expect(there('a,b/app/x')).toEqual(led);
    expect(there('b:2181,a:2181/app/x', 'a,b/app/x')).toEqual(led);
  });

  test('that leads to the new side is done, whatever was planned', () => {
    expect(there('c/moved/y', 'a,b/app/x')).toEqual(done);
  });

  test.each(['a,b/app/y', 'a/app/x', 'a,c/app/x', 'z/app/x'])(
    '%s is not what was planned: refused, with what it was and what it shall be',
    (now) => {
      expect(there(now, 'a,b/app/x')).toEqual({
        ...{ kind: 'refuse', expected: 'a,b/app/x', wanted: 'c:2181/moved/x' },
      });
    },
  );

  test.each(['z/app', 'a,b/elsewhere'])('%s belongs to neither side', (now) => {
    expect(there(now)).toEqual({
      ...{ kind: 'refuse', expected: 'a:2181,b:2181/app', wanted: 'c:2181/moved' },
    });
  });

  test('that leads back already is done', () => {
    expect(back('b,a/app/x', 'a,b/app/x')).toEqual(done);
    expect(back('a/app/y', 'a,b/app/x')).toEqual(done);
  });

  test('that still says what was written gets its former words', () => {
    expect(back('c:2181/moved/x', ' b,a/app/x')).toEqual({
      ...{ kind: 'set', servers: 'b,a', chroot: '/app/x' },
    });
  });

  test('that leads to the new side in other words is led back to all of the old', () => {
    const all = { kind: 'set', servers: 'a:2181,b:2181', chroot: '/app/y' };
    expect(back('c/moved/y', 'a/app/x')).toEqual(all);
    expect(back('c/moved/y')).toEqual(all);
  });

  test('that leads elsewhere since is refused, with what was written and what it shall be', () => {
    expect(back('z/moved', 'a/app/x')).toEqual({
      ...{ kind: 'refuse', expected: 'c:2181/moved/x', wanted: 'a/app/x' },
    });
    expect(back('z/moved')).toMatchObject({
      expected: 'c:2181/moved',
      wanted: 'a:2181,b:2181/app',
    });
  });

  test('is what it was after there and back, for any chroot', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '/x', '/x/y'), (rest) => {
        const before = `b,a/app${rest}`;
        const led = there(before);
        if (led.kind !== 'set') throw new Error(led.kind);
        const returned = back(led.servers + led.chroot, before);
        expect(returned).toEqual({ kind: 'set', servers: 'b,a', chroot: `/app${rest}` });
      }),
    );
  });
});

describe('what a gate says of clients', () => {
  const problems = Array.from({ length: 7 }, (_, index) => ({
    client: `c${index}`,
    message: 'changed',
  }));

  test('is nothing where all can be led over', () => {
    expect(saidAhead({ count: 0, problems: [] }, 0)).toEqual({
      text: '',
      told: [],
      mustAsk: false,
    });
  });

  test('names some of those that cannot, and how many more there are', () => {
    const { text, told, mustAsk } = saidAhead({ count: 7, problems }, 0);
    expect(text).toMatch(/7 client\(s\) cannot .* c0: changed; .*c4: changed; and 2 more$/);
    expect(told).toHaveLength(7);
    expect(mustAsk).toBe(true);
  });

  test('need not be asked about while no more fail than may', () => {
    expect(saidAhead({ count: 7, problems }, 7)).toMatchObject({ mustAsk: false });
    expect(saidAhead({ failure: 'no inventory' }, 7)).toMatchObject({
      ...{ mustAsk: true, text: expect.stringContaining('no inventory') as unknown },
    });
  });
});
