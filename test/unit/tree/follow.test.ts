/** What keeps a copy equal to its source, transaction by transaction. */
import type { TxnBody } from '../../../src/codec/records';
import { Rights } from '../../../src/tree/copy/rights';
import { Selection } from '../../../src/tree/copy/selection';
import { Ephemerals } from '../../../src/tree/follow/ephemerals';
import { FollowOperations } from '../../../src/tree/follow/followOperations';
import { LagHistogram } from '../../../src/tree/follow/lag';

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const HERS = [{ perms: 31, scheme: 'digest', id: 'alice:hash' }];
const OURS = { perms: 31, scheme: 'digest', id: 'copy:hash' };
const SESSION = 7n;
const NEVER = { parentCversion: 1 };

function following(isSuper = false) {
  const ephemerals = new Ephemerals();
  const selection = new Selection({
    sourceRoot: '/app',
    targetRoot: '/copy',
    exclude: ['/app/left/**'],
  });
  const rights = new Rights([{ scheme: 'digest', id: 'copy:hash' }], isSuper);
  const operations = new FollowOperations(selection, rights, ephemerals);
  const of = (body: TxnBody, clientId = SESSION) =>
    operations.of({ header: { clientId, cxid: 1, zxid: 1n, time: 0n, type: 0 }, body });
  return { ephemerals, of };
}

const create = (path: string, acl = OPEN, ephemeral = false): TxnBody => ({
  ...{ kind: 'create', path, data: Buffer.from('x'), acl, ephemeral, ...NEVER },
});

describe('a transaction of the source', () => {
  it('is carried out on the target’s paths; others are passed over', () => {
    const { of } = following();
    expect(of(create('/app/a')).ops).toEqual([
      { kind: 'create', path: '/copy/a', data: Buffer.from('x'), acl: OPEN },
    ]);
    for (const path of ['/other', '/apple', '/app/left/b'])
      expect(of(create(path))).toEqual({ ops: [] });
  });

  it('leaves the follower a way into what would be closed to it, unless no ACL keeps it out', () => {
    const closed = create('/app/a', HERS);
    expect(following().of(closed).ops).toMatchObject([{ acl: [...HERS, OURS] }]);
    expect(following(true).of(closed).ops).toMatchObject([{ acl: HERS }]);
    expect(following().of({ kind: 'setAcl', path: '/app/a', acl: HERS, version: 1 })).toEqual({
      ops: [],
      acl: { path: '/copy/a', acl: [...HERS, OURS] },
    });
  });

  it('an ephemeral takes a number of its parent, and nothing else', () => {
    const { of, ephemerals } = following();
    expect(of(create('/app/a/lock', OPEN, true)).ops.map(({ kind, path }) => [kind, path])).toEqual(
      [
        ['create', '/copy/a/zkferry-counter'],
        ['delete', '/copy/a/zkferry-counter'],
      ],
    );
    expect(of({ kind: 'setData', path: '/app/a/lock', data: null, version: 1 }).ops).toEqual([]);
    expect(of({ kind: 'setAcl', path: '/app/a/lock', acl: HERS, version: 1 })).toEqual({ ops: [] });
    expect(of({ kind: 'delete', path: '/app/a/lock' }).ops).toEqual([]);
    expect(ephemerals.size).toBe(0);
    expect(of({ kind: 'delete', path: '/app/a/lock' }).ops).toEqual([
      { kind: 'delete', path: '/copy/a/lock' },
    ]);
  });

  it.each([null, ['/app/a/lock']])(
    'a session takes its ephemerals along (it names %p)',
    (paths) => {
      const { of, ephemerals } = following();
      of(create('/app/a/lock', OPEN, true));
      of(create('/app/a/other', OPEN, true), 8n);
      expect(of({ kind: 'closeSession', paths })).toEqual({ ops: [] });
      expect([ephemerals.has('/app/a/lock'), ephemerals.has('/app/a/other')]).toEqual([
        false,
        true,
      ]);
    },
  );

  it('a multi is one transaction there too, and one that failed is none', () => {
    const { of } = following();
    const txns: TxnBody[] = [
      create('/app/a'),
      { kind: 'check', path: '/app/a', version: 0 },
      { kind: 'delete', path: '/app/b' },
    ];
    expect(of({ kind: 'multi', txns }).ops.map(({ kind }) => kind)).toEqual(['create', 'delete']);
    const failed: TxnBody[] = [...txns, { kind: 'error', code: -101 }];
    expect(of({ kind: 'multi', txns: failed }).ops).toEqual([]);
  });

  it('what the target’s own servers may have deleted first may be gone', () => {
    const { of } = following();
    expect(of({ kind: 'deleteContainer', path: '/app/c' }).ops).toEqual([
      { kind: 'delete', path: '/copy/c', mayBeGone: true },
    ]);
  });
});

describe('lag', () => {
  it('quantiles are right to 5 %', () => {
    const lag = new LagHistogram();
    for (let ms = 1; ms <= 1_000; ms += 1) lag.add(ms);
    expect(lag.quantile(0.5)).toBeGreaterThanOrEqual(500);
    expect(lag.quantile(0.5)).toBeLessThan(526);
    expect(lag.quantile(0.99)).toBeGreaterThanOrEqual(990);
    expect(lag.quantile(0.99)).toBeLessThan(1_041);
    expect(new LagHistogram().quantile(0.5)).toBe(0);
  });
});
