import type { Txn } from '../../../src/codec/records';
import { NO_STAT } from '../../../src/tree/dataTree';
import { CONTAINER_OWNER, ttlOwner } from '../../../src/tree/nodeType';
import { COUNTER_NEAR_LIMIT, sessionsAfter, TreeCensus } from '../../../src/tree/treeFacts';

const node = (path: string, { bytes = 0, owner = 0n, next = 0 } = {}) => ({
  path,
  data: bytes === 0 ? null : Buffer.alloc(bytes),
  acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
  stat: { ...NO_STAT, ephemeralOwner: owner, cversion: next },
});

function counted(...nodes: ReturnType<typeof node>[]) {
  const census = new TreeCensus();
  for (const each of nodes) census.add(each);
  return census.result([]);
}

test('an empty tree has nothing of anything', () => {
  expect(counted(node('/'))).toEqual({
    nodes: 1,
    dataBytes: 0,
    largestNode: { path: '/', bytes: 0 },
    containers: 0,
    ttls: 0,
    ephemerals: 0,
    sessions: { count: 0 },
    countersNearLimit: { count: 0, listed: [] },
    boundAcls: [],
  });
});

test('nodes are told apart by their owner, whatever the flags of a server', () => {
  const facts = counted(
    node('/a', { bytes: 3 }),
    node('/c', { owner: CONTAINER_OWNER, bytes: 9 }),
    node('/t', { owner: ttlOwner(60_000n) }),
    node('/u', { owner: ttlOwner(1n) }),
    node('/e', { owner: 0x1000_0000_0001n, bytes: 2 }),
  );
  expect(facts).toMatchObject({ nodes: 5, dataBytes: 14, containers: 1, ttls: 2, ephemerals: 1 });
  expect(facts.largestNode).toEqual({ path: '/c', bytes: 9 });
});

describe('counters near their end', () => {
  const countersOf = (...nexts: number[]) =>
    counted(...nexts.map((next, index) => node(`/${index}`, { next }))).countersNearLimit;

  test('begin 2^28 before it, and go on past it where 3.4 and 3.5 turn negative', () => {
    expect(COUNTER_NEAR_LIMIT).toBe(2 ** 31 - 1 - 2 ** 28);
    expect(countersOf(COUNTER_NEAR_LIMIT - 1).count).toBe(0);
    expect(countersOf(COUNTER_NEAR_LIMIT, 0x7fff_ffff, -5)).toEqual({
      count: 3,
      listed: [
        { path: '/2', next: -5 },
        { path: '/1', next: 0x7fff_ffff },
        { path: '/0', next: COUNTER_NEAR_LIMIT },
      ],
    });
  });

  test('are all counted, and the ten nearest listed', () => {
    const { count, listed } = countersOf(
      ...Array.from({ length: 1_000 }, (_, index) => COUNTER_NEAR_LIMIT + ((index * 7) % 1_000)),
    );
    expect(count).toBe(1_000);
    expect(listed.map(({ next }) => next - COUNTER_NEAR_LIMIT)).toEqual(
      Array.from({ length: 10 }, (_, index) => 999 - index),
    );
  });
});

describe('sessions', () => {
  const session = (sessionId: bigint, timeoutMs: number) => ({ sessionId, timeoutMs });

  test('are summed up by shortest, median and longest timeout', () => {
    const of = (...timeouts: number[]) =>
      new TreeCensus().result(timeouts.map((ms, index) => session(BigInt(index), ms))).sessions;
    expect(of(30_000, 4_000, 10_000)).toEqual({
      ...{ count: 3, shortestMs: 4_000, medianMs: 10_000, longestMs: 30_000 },
    });
    expect(of(6_000, 4_000)).toMatchObject({ count: 2, medianMs: 4_000 });
  });

  test('come and go with the transactions after the snapshot', () => {
    const txn = (clientId: bigint, body: Txn['body']): Txn => ({
      header: { clientId, cxid: 0, zxid: 1n, time: 0n, type: 0 },
      body,
    });
    const after = sessionsAfter(
      [session(1n, 10_000), session(2n, 20_000)],
      [
        txn(3n, { kind: 'createSession', timeoutMs: 30_000 }),
        txn(1n, { kind: 'closeSession', paths: null }),
        txn(2n, { kind: 'createSession', timeoutMs: 20_000 }),
        txn(2n, { kind: 'delete', path: '/x' }),
      ],
    );
    expect(after).toEqual([session(2n, 20_000), session(3n, 30_000)]);
  });
});

test('identities of ACLs that are bound to addresses or names are listed with their first znodes', () => {
  const of = (path: string, ...ids: [string, string][]) => ({
    ...node(path),
    acl: ids.map(([scheme, id]) => ({ perms: 31, scheme, id })),
  });
  const { boundAcls } = counted(
    of('/a', ['world', 'anyone'], ['digest', 'a:b'], ['ip', '10.0.0.1']),
    of('/b', ['ip', '10.0.0.1'], ['sasl', 'kafka/h1@R']),
    ...['/c', '/d', '/e'].map((path) => of(path, ['ip', '10.0.0.1'], ['ip', '10.0.0.1'])),
  );
  expect(boundAcls).toEqual([
    { scheme: 'ip', id: '10.0.0.1', nodes: 5, paths: ['/a', '/b', '/c'] },
    { scheme: 'sasl', id: 'kafka/h1@R', nodes: 1, paths: ['/b'] },
  ]);
  const many = Array.from({ length: 60 }, (_, index) => of(`/${index}`, ['ip', `10.0.0.${index}`]));
  expect(counted(...many).boundAcls).toHaveLength(50);
});
