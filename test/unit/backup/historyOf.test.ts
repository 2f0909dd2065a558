import type { TxnBody } from '../../../src/codec/records';
import { historyOf, type HistoryOptions } from '../../../src/planning/backup/historyOf';
import { create, FIRST, OPEN, setData, SESSION, txn } from '../tree/transactions';

const of = (body: TxnBody, path: string, options?: HistoryOptions) =>
  historyOf(txn(FIRST + 7n, body), path, options);
const SAME = {
  ...{ zxid: '0x100000007', time: '2023-11-14T22:13:20.007Z' },
  session: `0x${SESSION.toString(16)}`,
};

test.each<[string, TxnBody, object]>([
  ['a create', create('/a', 1, { data: 'four' }), { change: 'created', version: 0, dataBytes: 4 }],
  ['null data', create('/a', 1, { data: null }), { change: 'created', version: 0 }],
  [
    'an ephemeral',
    create('/a', 1, { ephemeral: true }),
    { change: 'created', version: 0, dataBytes: 0, ephemeral: true },
  ],
  [
    'a TTL node',
    { kind: 'createTtl', path: '/a', data: null, acl: OPEN, parentCversion: 1, ttl: 5n },
    { change: 'created', version: 0 },
  ],
  ['a write', setData('/a', 'xy', 3), { change: 'set', version: 3, dataBytes: 2 }],
  [
    'an ACL',
    { kind: 'setAcl', path: '/a', acl: OPEN, version: 2 },
    { change: 'acl', version: 2, acl: OPEN },
  ],
  ['a delete', { kind: 'delete', path: '/a' }, { change: 'deleted' }],
  ['an emptied container', { kind: 'deleteContainer', path: '/a' }, { change: 'deleted' }],
  ['a session that closed', { kind: 'closeSession', paths: ['/b', '/a'] }, { change: 'deleted' }],
])('%s is told with its zxid, time and session', (_, body, change) => {
  expect(of(body, '/a')).toEqual([{ ...SAME, ...change }]);
});

test.each<[string, TxnBody]>([
  ['other paths', create('/ab', 1)],
  ['its children, unless asked for', create('/a/b', 1)],
  ['its parent', setData('/', '', 1)],
  ['a check', { kind: 'check', path: '/a', version: 1 }],
  ['an error', { kind: 'error', code: -101 }],
  ['a session that opened', { kind: 'createSession', timeoutMs: 1 }],
  ['a session of before 3.6 that closed', { kind: 'closeSession', paths: null }],
  [
    'a multi that failed',
    { kind: 'multi', txns: [setData('/a', 'x', 1), { kind: 'error', code: -2 }] },
  ],
])('%s: nothing happened to the path', (_, body) => {
  expect(of(body, '/a')).toEqual([]);
});

test('a multi tells each of its changes, in their order', () => {
  const txns: TxnBody[] = [
    { kind: 'delete', path: '/a' },
    setData('/b', 'x', 1),
    create('/a', 9, { data: 'x' }),
    setData('/a', 'xyz', 1),
  ];
  expect(of({ kind: 'multi', txns }, '/a').map(({ change }) => change)).toEqual([
    ...['deleted', 'created', 'set'],
  ]);
});

test('children that came and went are told where they are asked for, grandchildren are not', () => {
  const txns: TxnBody[] = [
    create('/a/b', 1, { data: 'x' }),
    create('/a/b/c', 1),
    { kind: 'delete', path: '/a/d' },
  ];
  expect(of({ kind: 'multi', txns }, '/a', { children: true })).toEqual([
    { ...SAME, change: 'childCreated', child: 'b', dataBytes: 1 },
    { ...SAME, change: 'childDeleted', child: 'd' },
  ]);
  expect(of(create('/a', 1), '/', { children: true })).toMatchObject([
    { change: 'childCreated', child: 'a' },
  ]);
});

test('what a tree saw a session take along is told once, named by the record or not', () => {
  const closed = ['/a', '/b'];
  expect(of({ kind: 'closeSession', paths: null }, '/a', { closed })).toHaveLength(1);
  expect(of({ kind: 'closeSession', paths: ['/a'] }, '/a', { closed })).toHaveLength(1);
});

describe('with what is below', () => {
  const below = (body: TxnBody, path: string) => of(body, path, { below: true });

  test('each change names the znode it is of, the root itself none', () => {
    const txns: TxnBody[] = [
      { kind: 'delete', path: '/a/b/c' },
      setData('/ab', 'x', 1),
      setData('/a/b', 'x', 1),
      { kind: 'delete', path: '/a' },
    ];
    expect(below({ kind: 'multi', txns }, '/a')).toEqual([
      { ...SAME, change: 'deleted', path: '/a/b/c' },
      { ...SAME, change: 'set', path: '/a/b', version: 1, dataBytes: 1 },
      { ...SAME, change: 'deleted' },
    ]);
  });

  test('the root of the tree has everything below it', () => {
    expect(below({ kind: 'delete', path: '/a' }, '/')).toEqual([
      { ...SAME, change: 'deleted', path: '/a' },
    ]);
  });

  test('ephemerals go with their session', () => {
    const body: TxnBody = { kind: 'closeSession', paths: ['/a/x', '/b'] };
    expect(below(body, '/a')).toEqual([{ ...SAME, change: 'deleted', path: '/a/x' }]);
  });

  test('a multi that failed changed nothing', () => {
    const txns: TxnBody[] = [setData('/a/b', 'x', 1), { kind: 'error', code: -2 }];
    expect(below({ kind: 'multi', txns }, '/a')).toEqual([]);
  });
});
