/** A restored tree that clients have written to since still proves what nobody has touched. */
import { DataTree } from '../../../src/tree/dataTree';
import { UnchangedCheck } from '../../../src/tree/restore/unchanged';
import type { SourceNode } from '../../../src/tree/source';

const START = 0x200000000n;
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];

let zxid = 0x100000000n;
const header = (at: bigint) => ({ clientId: 1n, cxid: 0, zxid: at, time: 0n, type: 1 });

function create(tree: DataTree, path: string, data = 'x', at = (zxid += 1n)): void {
  tree.apply({
    header: header(at),
    body: {
      kind: 'create',
      path,
      data: Buffer.from(data),
      acl: OPEN,
      ephemeral: false,
      parentCversion: -1,
    },
  });
}

function aTree(): DataTree {
  zxid = 0x100000000n;
  const tree = DataTree.empty(true);
  for (const path of ['/a', '/a/b', '/a/b/c', '/d']) create(tree, path);
  return tree;
}

const nodesOf = (tree: DataTree): SourceNode[] =>
  [...tree.nodes()].map(({ path, data, acl, stat }) => ({ path, data, acl: acl ?? [], stat }));

const check = (nodes: readonly SourceNode[]) => {
  const it = new UnchangedCheck(aTree(), START);
  for (const node of nodes) it.add(node);
  return it.finish();
};

test('the same tree is the same', () => {
  expect(check(nodesOf(aTree()))).toMatchObject({ changedSince: 0, differences: [] });
});

test('what was created, set or deleted since is no difference', () => {
  const living = aTree();
  zxid = START;
  create(living, '/new');
  create(living, '/a/new');
  const later = { ...header((zxid += 1n)), type: 5 };
  living.apply({
    header: later,
    body: { kind: 'setData', path: '/d', data: Buffer.from('y'), version: 1 },
  });
  living.apply({ header: header((zxid += 1n)), body: { kind: 'delete', path: '/a/b/c' } });
  expect(check(nodesOf(living))).toMatchObject({ differences: [] });
});

test.each<[string, (nodes: SourceNode[]) => SourceNode[], string]>([
  [
    'other data',
    (nodes) => nodes.map((one) => (one.path === '/d' ? { ...one, data: Buffer.from('z') } : one)),
    '/d has other data',
  ],
  [
    'another ACL',
    (nodes) => nodes.map((one) => (one.path === '/d' ? { ...one, acl: [] } : one)),
    '/d has another ACL',
  ],
  ['a node missing', (nodes) => nodes.filter(({ path }) => path !== '/a/b/c'), '/a/b/c is missing'],
  [
    'a node too many',
    (nodes) => [...nodes, { ...nodes.find(({ path }) => path === '/d')!, path: '/e' }],
    '/e is there, and was not',
  ],
  [
    'another counter',
    (nodes) =>
      nodes.map((one) =>
        one.path === '/a' ? { ...one, stat: { ...one.stat, cversion: 9 } } : one,
      ),
    '/a has another counter',
  ],
])('%s from before the start is a difference', (_, change, expected) => {
  expect(check(change(nodesOf(aTree()))).differences).toEqual([expected]);
});
