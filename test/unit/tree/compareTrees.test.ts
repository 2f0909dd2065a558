import { compareSessions, compareTrees, isServersOwn } from '../../../src/tree/compareTrees';
import { create, FIRST, READ, reloaded, setData, treeOf, txn } from './transactions';

const BASE = [
  { kind: 'createSession', timeoutMs: 4000 } as const,
  create('/a', 1),
  create('/a/b', 1, { data: 'same' }),
  create('/a-b', 2),
  create('/ab', 3),
];

const names = (differences: Iterable<{ path: string; field: string }>) =>
  [...differences].map(({ path, field }) => `${path} ${field}`);

describe('comparing two trees', () => {
  it('finds nothing between a tree and its reloaded snapshot', () => {
    const tree = treeOf(BASE);
    expect([...compareTrees(tree, reloaded(tree))]).toEqual([]);
    expect(compareSessions(tree, reloaded(tree))).toEqual([]);
  });

  it('names every field with both sides', () => {
    const left = treeOf(BASE);
    const right = reloaded(left);
    right.apply(txn(FIRST + 9n, setData('/a/b', 'other', 1)));
    right.apply(txn(FIRST + 10n, { kind: 'setAcl', path: '/ab', acl: READ, version: 1 }));
    const differences = [...compareTrees(left, right)];
    expect(names(differences)).toEqual([
      '/a/b data',
      '/a/b mzxid',
      '/a/b mtime',
      '/a/b version',
      '/ab acl',
      '/ab aversion',
    ]);
    expect(differences[0]).toMatchObject({
      left: Buffer.from('same'),
      right: Buffer.from('other'),
    });
    expect(differences[3]).toMatchObject({ left: 0, right: 1 });
  });

  it('tells null from empty data', () => {
    const left = treeOf([create('/x', 1, { data: null })]);
    const right = treeOf([create('/x', 1, { data: '' })]);
    expect(names(compareTrees(left, right))).toEqual(['/x data']);
  });

  it('lists a subtree that one side lacks node by node, in an order that does not hang on history', () => {
    const left = treeOf(BASE);
    const right = treeOf([BASE[0]!, ...BASE.slice(3)].reverse());
    const only = [...compareTrees(left, right)].filter(({ field }) => field === 'node');
    expect(only).toEqual([
      { path: '/a', field: 'node', left: true, right: false },
      { path: '/a/b', field: 'node', left: true, right: false },
    ]);
    const back = [...compareTrees(right, left)].filter(({ field }) => field === 'node');
    expect(back.map(({ path, right: there }) => [path, there])).toEqual([
      ['/a', true],
      ['/a/b', true],
    ]);
  });

  it('leaves out what is asked to', () => {
    const left = treeOf(BASE);
    const right = reloaded(left);
    right.apply(
      txn(FIRST + 9n, { kind: 'reconfig', path: '/zookeeper/config', data: null, version: -1 }),
    );
    expect(names(compareTrees(left, right))).toContain('/zookeeper/config data');
    expect(names(compareTrees(left, right, { ignore: isServersOwn }))).toEqual([]);
  });

  it('compares sessions apart from nodes', () => {
    const left = treeOf(BASE);
    const right = reloaded(left);
    right.apply(txn(FIRST + 9n, { kind: 'createSession', timeoutMs: 5000 }, 7n));
    right.apply(txn(FIRST + 10n, { kind: 'closeSession', paths: [] }));
    expect(compareSessions(left, right)).toEqual([
      { sessionId: 7n, leftMs: undefined, rightMs: 5000 },
      { sessionId: 0x1000012345670001n, leftMs: 4000, rightMs: undefined },
    ]);
  });
});
