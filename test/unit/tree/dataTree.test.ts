import fc from 'fast-check';
import { compareTrees } from '../../../src/tree/compareTrees';
import { DataTree } from '../../../src/tree/dataTree';
import { nodeDigest } from '../../../src/tree/digest';
import type { AclEntry, StatRecord, TxnBody } from '../../../src/codec/records';
import { create, FIRST, OPEN, READ, reloaded, SESSION, setData, treeOf, txn } from './transactions';
import { randomRuns } from '../../support/randomRuns';

const OTHER = 0x2000012345670002n;

const STAT: StatRecord = {
  czxid: 1n,
  mzxid: 1n,
  ctime: 1n,
  mtime: 1n,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  pzxid: 1n,
};

describe('an empty tree', () => {
  it('has the nodes a server of its version starts with', () => {
    const paths = (tree: DataTree) => [...tree.nodes()].map(({ path }) => path);
    expect(paths(DataTree.empty(false))).toEqual(['/', '/zookeeper', '/zookeeper/quota']);
    expect(paths(DataTree.empty(true))).toContain('/zookeeper/config');
    expect(DataTree.empty(true).get('/zookeeper/config')).toMatchObject({
      acl: READ,
      stat: { aversion: -1 },
    });
  });
});

describe('a node made where another was', () => {
  const BEFORE: TxnBody[] = [
    create('/p', 1, { ephemeral: true }),
    setData('/p', 'x', 7),
    { kind: 'setAcl', path: '/p', acl: READ, version: 8 },
    create('/p/child', 9),
    { kind: 'delete', path: '/p/child' },
    { kind: 'delete', path: '/p' },
  ];

  it('has nothing of it', () => {
    const tree = treeOf([...BEFORE, create('/q', 2)]);
    const { stat, acl, type } = tree.get('/q')!;
    expect(stat).toMatchObject({ version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n });
    expect([acl, type]).toEqual([OPEN, 'persistent']);
  });

  it('is left out of the digest where its path is', () => {
    const tree = treeOf(BEFORE);
    const digest = tree.digest;
    tree.apply(txn(FIRST + 9n, create('/zookeeper/quota/q', 1)));
    tree.apply(txn(FIRST + 10n, { kind: 'delete', path: '/zookeeper/quota/q' }));
    expect(tree.digest).toBe(digest);
  });
});

describe('a session', () => {
  const EPHEMERALS = [
    { kind: 'createSession', timeoutMs: 6000 } as const,
    create('/locks', 1),
    create('/locks/one', 1, { ephemeral: true }),
    create('/locks/two', 2, { ephemeral: true }),
    create('/stays', 2),
  ];

  it('is known with its timeout until it is closed', () => {
    const tree = treeOf(EPHEMERALS);
    expect([...tree.sessions]).toEqual([[SESSION, 6000]]);
    expect(tree.ephemeralsOf(SESSION)).toEqual(['/locks/one', '/locks/two']);
    tree.apply(txn(FIRST + 9n, { kind: 'closeSession', paths: null }));
    expect(tree.sessions.size).toBe(0);
  });

  it.each([
    ['3.5 and older, which name no path', null],
    ['3.6 and newer, which name them', ['/locks/one', '/locks/two']],
    ['a record that names one only', ['/locks/two']],
  ])('takes its ephemerals along: %s', (_, paths) => {
    const tree = treeOf(EPHEMERALS);
    const { closed } = tree.apply(txn(FIRST + 9n, { kind: 'closeSession', paths }));
    expect(closed?.sort()).toEqual(['/locks/one', '/locks/two']);
    expect(tree.childrenOf('/locks')).toEqual([]);
    expect(tree.has('/stays')).toBe(true);
    expect(tree.get('/locks')?.stat).toMatchObject({ cversion: 2, pzxid: FIRST + 9n });
  });

  it('leaves the ephemerals of another alone', () => {
    const tree = treeOf(EPHEMERALS);
    tree.apply(txn(FIRST + 9n, create('/locks/theirs', 3, { ephemeral: true }), OTHER));
    tree.apply(txn(FIRST + 10n, { kind: 'closeSession', paths: null }));
    expect(tree.ephemeralOwners()).toEqual([OTHER]);
  });
});

describe('node types', () => {
  it('are told from the owner, and only ephemerals have one', () => {
    const tree = treeOf([
      create('/p', 1),
      create('/e', 2, { ephemeral: true }),
      { kind: 'createContainer', path: '/c', data: null, acl: OPEN, parentCversion: 3 },
      { kind: 'createTtl', path: '/t', data: null, acl: OPEN, parentCversion: 4, ttl: 5n },
    ]);
    const types = ['/p', '/e', '/c', '/t'].map((path) => tree.get(path)?.type);
    expect(types).toEqual(['persistent', 'ephemeral', 'container', 'ttl']);
    expect(tree.ephemeralOwners()).toEqual([SESSION]);
  });

  it.each([0n, -1n, 1n << 40n])('refuse a time to live of %s ms', (ttl) => {
    const body: TxnBody = {
      kind: 'createTtl',
      path: '/t',
      data: null,
      acl: OPEN,
      parentCversion: 1,
      ttl,
    };
    expect(() => treeOf([body])).toThrow('time to live');
  });
});

describe('a replay over a fuzzy snapshot', () => {
  const HISTORY = [
    create('/p', 1, { data: 'one' }),
    create('/p/a', 1),
    create('/p/b', 2, { acl: READ }),
    { kind: 'delete', path: '/p/a' } as const,
    create('/p/c', 3),
    setData('/p', 'two', 1),
    { kind: 'delete', path: '/p/c' } as const,
    create('/p/c', 4, { data: 'again' }),
  ];

  it('of any length ends in the same tree', () => {
    const whole = treeOf(HISTORY);
    for (let from = 0; from < HISTORY.length; from++) {
      const tree = reloaded(whole);
      HISTORY.slice(from).forEach((body, index) =>
        tree.apply(txn(FIRST + BigInt(from + index) + 1n, body)),
      );
      expect([...compareTrees(tree, whole)]).toEqual([]);
      expect(tree.digest).toBe(whole.digest);
    }
  });

  it.each(['create', 'create2'] as const)(
    'raises the counter of a parent written before its child was made anew: %s',
    (kind) => {
      const tree = treeOf([create('/p', 1), create('/p/a', 1)]);
      const again = { ...create('/p/a', 2, { acl: READ }), kind } as TxnBody;
      expect(tree.apply(txn(FIRST + 9n, again)).code).toBe(-110);
      expect(tree.get('/p')?.stat).toMatchObject({ cversion: 2, pzxid: FIRST + 9n });
      expect(tree.get('/p/a')?.acl).toEqual(READ);
    },
  );

  it('drops what was below a node that is deleted and comes again', () => {
    const tree = treeOf([
      create('/p', 1),
      create('/p/a', 1, { ephemeral: true }),
      create('/p/b', 2),
    ]);
    const size = tree.size;
    tree.apply(txn(FIRST + 9n, { kind: 'delete', path: '/p' }));
    expect(tree.size).toBe(size - 3);
    expect(tree.has('/p/a')).toBe(false);
    expect(tree.ephemeralOwners()).toEqual([]);
    expect(tree.apply(txn(FIRST + 10n, create('/p/c', 1))).code).toBe(-101);
    expect(tree.recomputeDigest()).toBe(tree.digest);
  });

  it('gives an ACL to a node whose own is missing in the table', () => {
    const tree = new DataTree({ sessions: [], acls: new Map([[1n, READ]]) });
    tree.addNode({ path: '/', data: null, aclId: -1n, stat: STAT });
    tree.addNode({ path: '/x', data: null, aclId: 2n, stat: STAT });
    tree.loaded();
    expect(tree.unknownAcls).toBe(1);
    expect(tree.get('/x')?.acl).toBeNull();
    tree.apply(txn(FIRST + 1n, create('/y', 2, { acl: OPEN })));
    expect(tree.get('/x')?.acl).toBeNull();
    tree.apply(txn(FIRST + 2n, create('/x', 1, { acl: READ })));
    expect(tree.unknownAcls).toBe(0);
    expect(tree.get('/x')?.acl).toEqual(READ);
  });
});

describe('a counter at its end', () => {
  const AT_END = (options: { cversionWraps: boolean }) => {
    const tree = new DataTree({ sessions: [], acls: new Map() }, options);
    tree.addNode({ path: '/', data: null, aclId: -1n, stat: { ...STAT, cversion: 2 ** 31 - 1 } });
    tree.loaded();
    tree.apply(txn(FIRST + 1n, create('/x', -(2 ** 31))));
    return tree;
  };

  it('stands still from 3.6 on', () => {
    const tree = AT_END({ cversionWraps: false });
    expect(tree.nextSequence('/')).toBe(2 ** 31 - 1);
    expect(tree.get('/')?.stat.pzxid).toBe(1n);
    expect(tree.has('/x')).toBe(true);
  });

  it('goes on below zero on 3.4 and 3.5', () => {
    const tree = AT_END({ cversionWraps: true });
    expect(tree.nextSequence('/')).toBe(-(2 ** 31));
    tree.apply(txn(FIRST + 2n, create('/y', -(2 ** 31) + 1)));
    expect(tree.nextSequence('/')).toBe(-(2 ** 31) + 1);
    expect(tree.get('/')?.stat.pzxid).toBe(FIRST + 2n);
  });
});

describe('ACLs', () => {
  const alice: AclEntry[] = [{ perms: 31, scheme: 'digest', id: 'alice:hash' }];

  it('are kept once and forgotten with their last node', () => {
    const tree = treeOf([create('/a', 1, { acl: alice }), create('/b', 2, { acl: [...alice] })]);
    const listed = () => [...tree.tables().acls.values()];
    expect(listed()).toEqual([READ, alice]);
    tree.apply(txn(FIRST + 3n, { kind: 'delete', path: '/a' }));
    expect(listed()).toContainEqual(alice);
    tree.apply(txn(FIRST + 4n, { kind: 'setAcl', path: '/b', acl: null, version: 1 }));
    expect(listed()).toEqual([READ]);
    expect(tree.get('/b')).toMatchObject({ acl: OPEN, aclId: -1n, stat: { aversion: 1 } });
  });

  it('keep the ids of the snapshot they came from', () => {
    const tree = new DataTree({
      sessions: [],
      acls: new Map([
        [7n, alice],
        [9n, READ],
      ]),
    });
    tree.addNode({ path: '/', data: null, aclId: 7n, stat: STAT });
    tree.loaded();
    expect([...tree.tables().acls]).toEqual([[7n, alice]]);
    tree.apply(txn(2n, create('/new', 1, { acl: OPEN })));
    expect(tree.get('/new')?.aclId).toBe(10n);
  });
});

describe('what no server writes is refused', () => {
  const node = (path: string) => ({ path, data: null, aclId: -1n, stat: STAT });

  it.each([
    ['a node before its parent', [node('/'), node('/a/b')], '/a/b before its parent'],
    ['a node listed twice', [node('/'), node('/a'), node('/a')], '/a twice'],
    ['two roots', [node('/'), node('/')], 'two roots'],
    ['no root', [], 'no root'],
    ['a relative path', [node('/'), node('a')], 'the path "a"'],
    ['a name without characters', [node('/'), node('/a'), node('/a/')], 'the path "/a/"'],
  ])('%s', (_, records, message) => {
    const load = () => {
      const tree = new DataTree({ sessions: [], acls: new Map() });
      for (const record of records) tree.addNode(record);
      tree.loaded();
    };
    expect(load).toThrow(message);
  });

  it.each<[string, TxnBody, string]>([
    ['deleting the root', { kind: 'delete', path: '/' }, 'the path "/"'],
    [
      'a multi in a multi',
      { kind: 'multi', txns: [{ kind: 'multi', txns: [] }] },
      'a multi with a multi',
    ],
  ])('%s', (_, body, message) => {
    expect(() => treeOf([body])).toThrow(message);
  });
});

describe('data', () => {
  it('does not keep the block alive that it was read from', () => {
    const block = Buffer.alloc(1 << 20, 'x');
    const body = { ...create('/a', 1), data: block.subarray(0, 100) } as TxnBody;
    const kept = treeOf([body]).get('/a')?.data;
    expect(kept?.length).toBe(100);
    expect(kept?.buffer).not.toBe(block.buffer);
  });
});

/** Paths three deep over few names, so that transactions meet each other. */
const path = fc
  .array(fc.constantFrom('a', 'b', 'ü', 'zookeeper'), { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join('/')}`);

const part: fc.Arbitrary<TxnBody> = fc.oneof(
  fc
    .tuple(path, fc.integer({ min: -1, max: 9 }), fc.boolean(), fc.constantFrom(OPEN, READ))
    .map(([at, parentCversion, ephemeral, acl]) =>
      create(at, parentCversion, { ephemeral, acl, data: at }),
    ),
  fc.tuple(path, fc.bigInt(1n, 9n)).map(([at, ttl]): TxnBody => ({
    kind: 'createTtl',
    path: at,
    data: null,
    acl: null,
    parentCversion: -1,
    ttl,
  })),
  path.map((at): TxnBody => ({
    kind: 'createContainer',
    path: at,
    data: null,
    acl: OPEN,
    parentCversion: -1,
  })),
  path.map((at): TxnBody => ({ kind: 'delete', path: at })),
  fc
    .tuple(path, fc.integer(), fc.string())
    .map(([at, version, data]) => setData(at, data, version)),
);

const body: fc.Arbitrary<TxnBody> = fc.oneof(
  { weight: 5, arbitrary: part },
  fc
    .tuple(path, fc.constantFrom(OPEN, READ, null))
    .map(([at, acl]): TxnBody => ({ kind: 'setAcl', path: at, acl, version: 1 })),
  fc.array(part, { maxLength: 4 }).map((txns): TxnBody => ({ kind: 'multi', txns })),
  fc.array(path, { maxLength: 2 }).map((paths): TxnBody => ({ kind: 'closeSession', paths })),
  fc.constant<TxnBody>({ kind: 'closeSession', paths: null }),
);

describe('any sequence of transactions', () => {
  it('keeps digest, counts, owners and ACLs consistent, and survives a snapshot', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(body, fc.constantFrom(SESSION, OTHER)), { maxLength: 60 }),
        (steps) => {
          const tree = DataTree.empty(true);
          steps.forEach(([step, session], index) =>
            tree.apply(txn(BigInt(index) + 1n, step, session)),
          );

          let digest = 0n;
          let size = 0;
          const children = new Map<string, number>();
          const owned = new Map<bigint, string[]>([
            [SESSION, []],
            [OTHER, []],
          ]);
          for (const node of tree.nodes()) {
            size++;
            digest += BigInt(nodeDigest(node.path, node.data, node.stat));
            owned.get(node.stat.ephemeralOwner)?.push(node.path);
            if (node.aclId !== -1n) expect(tree.tables().acls.get(node.aclId)).toEqual(node.acl);
            if (node.path === '/') continue;
            const parent = node.path.slice(0, node.path.lastIndexOf('/')) || '/';
            children.set(parent, (children.get(parent) ?? 0) + 1);
            expect(tree.has(parent)).toBe(true);
            expect(tree.get(node.path)).toEqual(node);
          }
          expect(tree.size).toBe(size);
          expect(tree.digest).toBe(digest);
          for (const { path: at, numChildren } of tree.nodes()) {
            expect(numChildren).toBe(children.get(at) ?? 0);
          }
          for (const [session, paths] of owned) {
            expect(tree.ephemeralsOf(session).sort()).toEqual(paths.sort());
          }
          const again = reloaded(tree);
          expect(again.digest).toBe(digest);
          expect([...compareTrees(tree, again)]).toEqual([]);
        },
      ),
      randomRuns(100),
    );
  });
});
