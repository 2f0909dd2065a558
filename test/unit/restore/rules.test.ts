/** What a restore goes by, without files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TxnBody } from '../../../src/codec/records';
import type { DataTree } from '../../../src/tree/dataTree';
import { CONTAINER_OWNER, ttlOwner } from '../../../src/tree/nodeType';
import { DigestWatch } from '../../../src/tree/restore/digestWatch';
import { dropSessions } from '../../../src/tree/restore/dropSessions';
import { higherEpoch } from '../../../src/tree/restore/epoch';
import { serverHeapBytes } from '../../../src/tree/restore/heap';
import { Readability } from '../../../src/tree/restore/readable';
import { servedDifferences } from '../../../src/tree/restore/servedNode';
import type { SourceNode } from '../../../src/tree/source';
import { History, OPEN, SESSION } from '../../support/history';

describe('a higher epoch', () => {
  test('begins after every zxid that was seen, whichever is the highest', () => {
    expect(higherEpoch(0x5_0000_00ffn, 0x7_ffff_ffffn)).toBe(0x8_0000_0000n);
    expect(higherEpoch(0x7_0000_0000n, 0x5_0000_0001n)).toBe(0x8_0000_0000n);
    expect(higherEpoch(0n)).toBe(0x1_0000_0000n);
  });

  test('is refused where the zxid would be negative soon', () => {
    expect(higherEpoch(0x7fff_fffdn << 32n)).toBe(0x7fff_fffen << 32n);
    expect(() => higherEpoch(0x7fff_fffen << 32n)).toThrow(/no epoch after 0x7ffffffe/);
  });
});

describe('what a release can read', () => {
  const node = { path: '/a', data: null, acl: OPEN, parentCversion: 1 };
  const create: TxnBody = { kind: 'create', ...node, ephemeral: false };
  const create2: TxnBody = { kind: 'create2', ...node, ephemeral: false };
  const newOnes: TxnBody[] = [
    create2,
    { kind: 'createContainer', ...node },
    { kind: 'createTtl', ...node, ttl: 1n },
    { kind: 'deleteContainer', path: '/a' },
    { kind: 'reconfig', path: '/zookeeper/config', data: null, version: 1 },
    { kind: 'multi', txns: [create, create2] },
  ];

  test.each(newOnes)('3.4 is not given a log with a $kind of 3.5', (body) => {
    expect(() => new Readability('3.4.14').txn(0xabn, body)).toThrow(
      /transaction 0xab is a \w+, at which 3\.4\.14 does not start/,
    );
    for (const version of ['3.5.10', '3.9.6', undefined])
      expect(new Readability(version).txn(0xabn, body)).toBeUndefined();
  });

  test('3.4 is given everything it has itself', () => {
    const closing: TxnBody = { kind: 'closeSession', paths: ['/a'] };
    const plain: TxnBody = { kind: 'multi', txns: [create] };
    for (const body of [create, closing, plain])
      expect(new Readability('3.4.14').txn(1n, body)).toBeUndefined();
  });

  test('3.4 is not given container or TTL nodes, which it would delete', () => {
    for (const owner of [CONTAINER_OWNER, ttlOwner(1_000n)])
      expect(() => new Readability('3.4.14').node('/x', owner)).toThrow(/\/x is a .* and delete/);
    for (const owner of [0n, SESSION])
      expect(new Readability('3.4.14').node('/x', owner)).toBeUndefined();
  });

  test('later ones are, with a word on the setting that TTL nodes need', () => {
    const readability = new Readability('3.9.6');
    readability.node('/c', CONTAINER_OWNER);
    expect(readability.warnings).toEqual([]);
    readability.node('/t', ttlOwner(1_000n));
    readability.node('/u', ttlOwner(1_000n));
    expect(readability.warnings).toEqual([
      expect.stringMatching(/^2 TTL nodes \(the first is \/t\).*extendedTypesEnabled=true/),
    ]);
  });

  test('digests are for 3.6 and later, and for nobody unknown', () => {
    const reads = (version?: string) => new Readability(version).readsDigests;
    expect([reads(), reads('3.5.10'), reads('3.6.0'), reads('3.9.6')]).toEqual([
      ...[false, false, true, true],
    ]);
  });
});

describe('digests on the way', () => {
  test('must match from where the base is whole', () => {
    const watch = new DigestWatch(10n);
    watch.accept(9n, false);
    watch.accept(10n, true);
    watch.accept(11n, undefined);
    expect(() => watch.accept(12n, false)).toThrow(/transaction 0xc is not the one its leader/);
    expect(watch.matched).toBe(1);
  });

  test('must match from the first match on where that is not known, and in the end', () => {
    const watch = new DigestWatch(undefined);
    watch.accept(1n, false);
    expect(() => watch.finish()).toThrow(/transaction 0x1 /);
    watch.accept(2n, true);
    expect(watch.finish()).toBeUndefined();
    expect(() => watch.accept(3n, false)).toThrow(/transaction 0x3 /);
  });

  test('may be missed once where the snapshot names it, if what follows matches', () => {
    const watch = new DigestWatch(5n, 5n);
    watch.accept(5n, false);
    expect(() => watch.finish()).toThrow(/transaction 0x5 /);
    watch.accept(6n, true);
    expect(watch.finish()).toBeUndefined();
    const other = new DigestWatch(5n, 5n);
    other.accept(5n, false);
    expect(() => other.accept(6n, false)).toThrow(/transaction 0x6 /);
  });
});

describe('a tree', () => {
  let directory: string;
  let history: History;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-history-'));
    history = new History(directory);
    history.commit({ kind: 'createSession', timeoutMs: 1_000 });
    history.create('/lock');
    history.create('/lock/one', { ephemeral: true });
    history.create('/lock/two');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('loses sessions as their closing would have it: numbers go on, and watchers are told', () => {
    const zxid = 0x9_0000_0000n;
    const before = history.tree.get('/lock')!.stat;
    // One whose session is not listed, as a fuzzy snapshot can have it.
    history.commit({ kind: 'closeSession', paths: null }, 7n);
    const other = 8n;
    const parentCversion = history.tree.nextSequence('/lock')! + 1;
    const orphan = { data: null, acl: OPEN, ephemeral: true, parentCversion };
    history.commit({ kind: 'create', path: '/lock/orphan', ...orphan }, other);
    expect(dropSessions(history.tree, zxid)).toEqual({ sessions: 1, ephemerals: 2 });
    expect(history.tree.childrenOf('/lock')).toEqual(['two']);
    expect(history.tree.sessions.size).toBe(0);
    const after = history.tree.get('/lock')!.stat;
    expect(after).toEqual({ ...before, cversion: before.cversion + 1, pzxid: zxid });
    expect(history.tree.lastZxid).toBe(zxid);
    expect(history.tree.recomputeDigest()).toBe(history.tree.digest);
  });

  describe('as a server shows it', () => {
    const served = (tree: DataTree, path: string): SourceNode => {
      const { data, acl, stat, type } = tree.get(path)!;
      const ephemeralOwner = type === 'ephemeral' ? stat.ephemeralOwner : 0n;
      return { path, data, acl: acl!, stat: { ...stat, ephemeralOwner } };
    };
    const fieldsOf = (path: string, change: (node: SourceNode) => SourceNode) =>
      [...servedDifferences(history.tree.get(path)!, change(served(history.tree, path)))].map(
        ({ field }) => field,
      );

    test('differs in whatever field is another', () => {
      expect(fieldsOf('/lock', (node) => node)).toEqual([]);
      expect(fieldsOf('/lock/one', (node) => node)).toEqual([]);
      expect(fieldsOf('/lock', (node) => ({ ...node, data: null }))).toEqual(['data']);
      expect(fieldsOf('/lock', (node) => ({ ...node, acl: [] }))).toEqual(['acl']);
      for (const field of ['czxid', 'mzxid', 'pzxid', 'ctime', 'mtime', 'ephemeralOwner'] as const)
        expect(
          fieldsOf('/lock', (node) => ({ ...node, stat: { ...node.stat, [field]: 99n } })),
        ).toEqual([field]);
      for (const field of ['version', 'cversion', 'aversion'] as const)
        expect(
          fieldsOf('/lock', (node) => ({ ...node, stat: { ...node.stat, [field]: 99 } })),
        ).toEqual([field]);
    });

    test('does not differ by a digest that is not shown, nor by what its server cannot read', () => {
      const acl = [{ perms: 31, scheme: 'digest', id: 'a\u{1f511}:secret' }];
      history.commit({ kind: 'setAcl', path: '/lock', acl, version: 1 });
      const shownAs = (id: string) =>
        fieldsOf('/lock', (node) => ({ ...node, acl: [{ perms: 31, scheme: 'digest', id }] }));
      expect(shownAs('a\u{1f511}:x')).toEqual([]);
      expect(shownAs('a\ufffd\ufffd:secret')).toEqual([]);
      expect(shownAs('a\u{1f511}:other')).toEqual(['acl']);
      expect(shownAs('b:x')).toEqual(['acl']);
    });
  });
});

test('a heap holds many small nodes as well as few large ones', () => {
  const small = serverHeapBytes(100e6, 1e6);
  const large = serverHeapBytes(100e6, 100);
  expect(small).toBeGreaterThan(900e6);
  expect(large).toBeLessThan(400e6);
  expect(serverHeapBytes(100e6)).toBe(small);
});
