import { crc32, crc32ByTable } from '../../../src/tree/crc32';
import { AdHash, nodeDigest } from '../../../src/tree/digest';
import { DataTree } from '../../../src/tree/dataTree';
import type { Txn, TxnBody } from '../../../src/codec/records';
import { create, FIRST, OPEN, READ, setData, txn } from './transactions';

/** Applied to DataTree.java of 3.9.6 in a JVM: zxid, its result code, its getTreeDigest() afterwards. */
const VECTOR: [bigint, number, bigint, TxnBody][] = [
  [0x100000001n, 0, 1371985504n, { kind: 'createSession', timeoutMs: 10000 }],
  [0x100000002n, 0, 9411393875n, create('/a', 1, { data: 'hello' })],
  [
    0x100000003n,
    0,
    8184870176n,
    { ...create('/a/ü-日本', 1, { acl: READ }), kind: 'create2' } as TxnBody,
  ],
  [0x100000004n, 0, 7063244423n, create('/a/null', 2, { data: null })],
  [
    0x100000005n,
    0,
    6272195402n,
    { kind: 'createContainer', path: '/c', data: Buffer.from('box'), acl: OPEN, parentCversion: 2 },
  ],
  [
    0x100000006n,
    0,
    10276553806n,
    {
      kind: 'createTtl',
      path: '/t',
      data: Buffer.from('x'),
      acl: OPEN,
      parentCversion: 3,
      ttl: 86400000n,
    },
  ],
  [0x100000007n, 0, 16064681785n, create('/a/e', 3, { data: 'eph', ephemeral: true })],
  [0x100000008n, 0, 17238579520n, setData('/a', 'x'.repeat(2000), 1)],
  [0x100000009n, 0, 17052388609n, { kind: 'setAcl', path: '/a', acl: READ, version: 1 }],
  [0x10000000an, 0, 16897212115n, setData('/', 'root', 1)],
  [0x10000000bn, 0, 16897212115n, create('/zookeeper/quota/a', 1, { data: 'q' })],
  [0x10000000cn, -101, 16897212115n, { kind: 'error', code: -101 }],
  [
    0x10000000dn,
    0,
    13715994391n,
    {
      kind: 'multi',
      txns: [
        create('/m', 4, { data: 'm' }),
        setData('/m', 'n', 1),
        { kind: 'check', path: '/m', version: 1 },
        { kind: 'delete', path: '/a/null' },
      ],
    },
  ],
  [
    0x10000000en,
    -103,
    13715994391n,
    {
      kind: 'multi',
      txns: [
        create('/never', 5, { data: 'm' }),
        { kind: 'error', code: -103 },
        { kind: 'error', code: -2 },
      ],
    },
  ],
  [0x10000000fn, -110, 16354946838n, create('/m', 9, { data: 'again', acl: READ })],
  [0x100000010n, -101, 14101006074n, { kind: 'delete', path: '/gone' }],
  [0x100000011n, -101, 14101006074n, { kind: 'delete', path: '/no/parent' }],
  [0x100000012n, 0, 16808333264n, create('/old', -1)],
  [0x100000013n, 0, 18825694676n, create('/lower', 3)],
  [0x100000014n, 0, 19830000576n, { kind: 'deleteContainer', path: '/c' }],
  [0x100000015n, 0, 13996494389n, { kind: 'closeSession', paths: ['/a/e', '/a/missing'] }],
  [0x100000016n, 0, 17741365516n, create('/e2', 11, { ephemeral: true })],
  [0x100000017n, 0, 11816333464n, { kind: 'closeSession', paths: null }],
];

/** The last digest of the same transactions in a JVM whose default charset is US-ASCII. */
const IN_ASCII = 14054477121n;

function withDigest(zxid: bigint, body: TxnBody, treeDigest: bigint, version = 2): Txn {
  return { ...txn(zxid, body), digest: { version, treeDigest } };
}

describe('the digest of a tree', () => {
  test.each(VECTOR.map(([zxid, code, digest, body], step) => ({ zxid, code, digest, body, step })))(
    'is what ZooKeeper computes after $body.kind $body.path',
    ({ step, code, digest }) => {
      const tree = DataTree.empty(true);
      expect(tree.digest).toBe(1371985504n);
      const results = VECTOR.slice(0, step + 1).map(([zxid, , , body]) =>
        tree.apply(txn(zxid, body)),
      );
      expect(results.at(-1)?.code).toBe(code);
      expect(tree.digest).toBe(digest);
      expect(tree.recomputeDigest()).toBe(digest);
    },
  );

  it('leaves the stats ZooKeeper leaves', () => {
    const tree = DataTree.empty(true);
    for (const [zxid, , , body] of VECTOR) tree.apply(txn(zxid, body));
    const stats = (path: string): unknown[] => Object.values(tree.get(path)!.stat);
    // czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid
    const at = (n: bigint) => 1700000000000n + n;
    const z = FIRST;
    expect(stats('/')).toEqual([0n, z + 10n, 0n, at(10n), 1, 11, 0, 0n, z + 23n]);
    expect(stats('/a')).toEqual([z + 2n, z + 8n, at(2n), at(8n), 1, 3, 1, 0n, z + 21n]);
    expect(stats('/m')).toEqual([z + 13n, z + 13n, at(13n), at(13n), 1, 0, 0, 0n, z + 13n]);
    expect(stats('/t')).toEqual([
      z + 6n,
      z + 6n,
      at(6n),
      at(6n),
      0,
      0,
      0,
      -72057593951527936n,
      z + 6n,
    ]);
    expect(tree.get('/m')?.acl).toEqual(READ);
    expect(tree.has('/never')).toBe(false);
    expect(tree.ephemeralOwners()).toEqual([]);
  });

  it('matches the digest in every transaction, and says where it does not', () => {
    const tree = DataTree.empty(true);
    for (const [zxid, , digest, body] of VECTOR) {
      expect(tree.apply(withDigest(zxid, body, digest)).digestMatches).toBe(true);
    }
    const wrong = withDigest(0x100000018n, create('/x', 12), 1n);
    expect(tree.apply(wrong).digestMatches).toBe(false);
  });

  it('is not compared with a digest of another version, or with none', () => {
    const tree = DataTree.empty(true);
    expect(tree.apply(withDigest(1n, create('/x', 1), 1n, 3))).toEqual({ code: 0 });
    expect(tree.apply(txn(2n, create('/y', 2)))).toEqual({ code: 0 });
  });

  it('finds out that the server encodes paths in ASCII', () => {
    const tree = DataTree.empty(true);
    for (const [zxid, , , body] of VECTOR.slice(0, -1)) tree.apply(txn(zxid, body));
    const [zxid, , , body] = VECTOR.at(-1)!;
    expect(tree.apply(withDigest(zxid, body, IN_ASCII)).digestMatches).toBe(true);
    expect(tree.digest).toBe(IN_ASCII);
  });

  it('stays with the charset it was given', () => {
    const tree = DataTree.empty(true, { charset: 'utf8' });
    for (const [zxid, , , body] of VECTOR.slice(0, -1)) tree.apply(txn(zxid, body));
    const [zxid, , digest, body] = VECTOR.at(-1)!;
    expect(tree.apply(withDigest(zxid, body, IN_ASCII)).digestMatches).toBe(false);
    expect(tree.digest).toBe(digest);
  });
});

describe('the digest at the end of a snapshot', () => {
  const loaded = (lastZxid: bigint, digest: { zxid: bigint; version: number; digest: bigint }) => {
    const source = DataTree.empty(true);
    const tree = new DataTree(source.tables(), { lastZxid });
    for (const node of source.nodes()) tree.addNode(node);
    return { tree, result: tree.loaded(digest) };
  };
  const NOTHING: TxnBody = { kind: 'error', code: -1 };
  const EMPTY = 1371985504n;

  it('keeps those of transactions from being compared before its zxid', () => {
    const { tree, result } = loaded(4n, { zxid: 6n, version: 2, digest: EMPTY });
    expect(result).toEqual({});
    expect(tree.apply(withDigest(5n, NOTHING, 77n)).digestMatches).toBeUndefined();
    expect(tree.apply(txn(6n, NOTHING)).digestMatches).toBe(true);
    expect(tree.apply(withDigest(7n, NOTHING, 77n)).digestMatches).toBe(false);
  });

  it('tells of a tree that is wrong at its zxid', () => {
    const { tree } = loaded(4n, { zxid: 6n, version: 2, digest: 77n });
    expect(tree.apply(withDigest(6n, NOTHING, EMPTY)).digestMatches).toBe(false);
  });

  it('is given up where its zxid is missing in the log', () => {
    const { tree } = loaded(4n, { zxid: 6n, version: 2, digest: 77n });
    expect(tree.apply(withDigest(7n, NOTHING, EMPTY)).digestMatches).toBe(true);
  });

  it.each([
    [EMPTY, true],
    [1n, false],
  ])('is compared at once where nothing is fuzzy: %s is %s', (digest, digestMatches) => {
    expect(loaded(4n, { zxid: 4n, version: 2, digest }).result).toEqual({ digestMatches });
  });

  it.each([
    ['the server had none yet', 0n, 0n, 2],
    ['it is of an epoch before the snapshot', 5n, 4n, 2],
    ['it is of another version', 4n, 4n, 3],
  ])('says nothing where %s', (_, lastZxid, zxid, version) => {
    const { tree, result } = loaded(lastZxid, { zxid, version, digest: 77n });
    expect(result).toEqual({});
    expect(tree.apply(withDigest(9n, NOTHING, EMPTY)).digestMatches).toBe(true);
  });
});

describe('the parts of a digest', () => {
  it('sums a CRC-32 as zlib does, natively and by table, in one piece or several', () => {
    const bytes = Buffer.from('123456789');
    expect(crc32(bytes)).toBe(0xcbf43926);
    const long = Buffer.alloc(5000, 'ab9\u00ff');
    for (const cut of [0, 1, 7, 8, 9, 63, 511, 4999]) {
      const inTwo = crc32(long.subarray(cut), crc32(long.subarray(0, cut)));
      expect(inTwo).toBe(crc32ByTable(long, 0, 0, long.length));
    }
    expect(crc32(long)).toBe(crc32ByTable(long, 0, 0, long.length));
  });

  it('leaves out what lies under /zookeeper, but not /zookeeper itself', () => {
    const stat = DataTree.empty(true).get('/zookeeper')!.stat;
    expect(nodeDigest('/zookeeper/quota', Buffer.alloc(0), stat)).toBe(0);
    const both = nodeDigest('/zookeeper', Buffer.alloc(0), stat) + nodeDigest('/', null, stat);
    expect(BigInt(both)).toBe(1371985504n);
  });

  it('adds modulo 2^64, signed', () => {
    const hash = new AdHash();
    hash.remove(1);
    expect(hash.value).toBe(-1n);
    hash.add(0xffffffff);
    hash.add(3);
    expect(hash.value).toBe(0x100000001n);
  });
});
