/** An overlay gives the tree that all transactions give, wherever in their midst the snapshot was written. */
import fc from 'fast-check';
import type { Txn, TxnBody } from '../../../src/codec/records';
import { DataTree, type TreeZnode } from '../../../src/tree/dataTree';
import { Overlay } from '../../../src/tree/overlay';
import { randomRuns } from '../../support/randomRuns';

const SESSION = 7n;
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const READ = [{ perms: 1, scheme: 'world', id: 'anyone' }];

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const body: fc.Arbitrary<TxnBody> = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    path,
    data: fc.constantFrom(null, Buffer.from('x')),
    acl: fc.constantFrom(OPEN, READ),
    ephemeral: fc.boolean(),
    parentCversion: fc.constant(-1),
  }),
  fc.record({ kind: fc.constant('delete' as const), path }),
  fc.record({
    kind: fc.constant('setData' as const),
    path,
    data: fc.constant(Buffer.from('y')),
    version: fc.nat(9),
  }),
  fc.record({
    kind: fc.constant('setAcl' as const),
    path,
    acl: fc.constant(READ),
    version: fc.nat(9),
  }),
  fc.constant({ kind: 'closeSession' as const, paths: null }),
);

const isLeaf = (tree: DataTree, at: string) => tree.childrenOf(at).length === 0;

/** Only what a server would have committed: with the counters it would have written. */
function committed(bodies: TxnBody[]): Txn[] {
  const tree = DataTree.empty(true, { digests: false });
  const txns: Txn[] = [];
  for (const wanted of bodies) {
    let one = wanted;
    if (one.kind === 'create') {
      const parent = one.path.substring(0, one.path.lastIndexOf('/')) || '/';
      const above = tree.get(parent);
      if (tree.has(one.path) || above === undefined || above.type === 'ephemeral') continue;
      one = { ...one, parentCversion: above.stat.cversion + 1 };
    } else if ('path' in one && !tree.has(one.path)) continue;
    else if (one.kind === 'delete' && !isLeaf(tree, one.path)) continue;
    const zxid = BigInt(txns.length + 1);
    const header = { clientId: SESSION, cxid: 0, zxid, time: zxid, type: 0 };
    txns.push({ header, body: one });
    tree.apply(txns.at(-1)!);
  }
  return txns;
}

const shown = ({ path: at, data, acl, stat }: TreeZnode) => ({
  at,
  data: data?.toString() ?? null,
  acl,
  owner: stat.ephemeralOwner,
  next: stat.cversion,
});

test('whatever the transactions, and wherever the snapshot began and ended', () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 40 }), fc.nat(40), fc.nat(40), (bodies, one, other) => {
      const txns = committed(bodies);
      const [begin, end] = [Math.min(one, other), Math.max(one, other)];
      const whole = DataTree.empty(true, { digests: false });
      const snapshot = DataTree.empty(true, { digests: false });
      txns.forEach((txn, index) => {
        whole.apply(txn);
        if (index < end) snapshot.apply(txn);
      });
      // What the snapshot holds already is told again.
      const overlay = new Overlay(snapshot.tables(), txns.slice(begin));
      const nodes = [...snapshot.nodes()];
      for (const node of nodes) if (overlay.isTouched(node)) overlay.learn(node);
      overlay.settle();
      const result = nodes.flatMap((node) =>
        overlay.isTouched(node) ? (overlay.current(node.path) ?? []) : node,
      );
      result.push(...overlay.created());
      const byPath = (left: { at: string }, right: { at: string }) => (left.at < right.at ? -1 : 1);
      expect(result.map(shown).sort(byPath)).toEqual([...whole.nodes()].map(shown).sort(byPath));
    }),
    randomRuns(1_000),
  );
});
