/** What is written is what there was; it appears whole or not at all; nothing damaged is restored from. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  restoreSource,
  treeAt,
  writeDataDirectory,
  type RestoreInput,
  type WriteOptions,
} from '../../../src/adapters/restore';
import { openFiles } from '../../../src/adapters/source/dataDirectory';
import { SnapshotReader } from '../../../src/codec/snapshot';
import { compareSessions, compareTrees } from '../../../src/tree/compareTrees';
import { DataTree } from '../../../src/tree/dataTree';
import { dropSessions } from '../../../src/tree/restore/dropSessions';
import type { TreeSource } from '../../../src/tree/source';
import { History, SESSION } from '../../support/history';

const EXACT: WriteOptions = { way: 'exact' };
const CLEAN: WriteOptions = { way: 'clean', targetVersion: '3.9.6' };

describe('a data directory', () => {
  let directory: string;
  let history: History;
  let target: string;
  /** After half of the history. */
  let half: bigint;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-write-'));
    target = join(directory, 'data');
    history = new History(join(directory, 'history'));
    history.commit({ kind: 'createSession', timeoutMs: 1_000 });
    history.create('/app');
    for (let n = 0; n < 20; n += 1) history.create(`/app/n${n}`, { ephemeral: n % 5 === 0 });
    half = history.last;
    history.create('/later');
    history.commit({ kind: 'delete', path: '/app/n1' });
    history.commit({ kind: 'setData', path: '/app', data: Buffer.alloc(5_000, 1), version: 1 });
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const differences = (left: DataTree, right: DataTree) => [
    ...compareTrees(left, right),
    ...compareSessions(left, right),
  ];

  function onlySnapshot(): { name: string; tree: DataTree; digest: bigint | undefined } {
    const [second, name, ...others] = readdirSync(join(target, 'version-2')).sort();
    expect(others).toEqual([]);
    const zxid = (file: string) => BigInt(`0x${file.slice('snapshot.'.length)}`);
    expect(zxid(second!) + 1n).toBe(zxid(name!));
    const reader = new SnapshotReader();
    const nodes = reader.push(readFileSync(join(target, 'version-2', name!)));
    const end = reader.finish();
    if (end.kind !== 'complete') throw new Error(`it is ${end.kind}`);
    const tree = new DataTree(reader.tables!);
    for (const node of nodes) tree.addNode(node);
    tree.loaded();
    return { name: name!, tree, digest: end.trailer.digest?.digest };
  }

  async function treeOf(source: TreeSource): Promise<DataTree> {
    const acls = new Map([[1n, [{ perms: 1, scheme: 'world', id: 'anyone' }]]]);
    const tree = new DataTree({ sessions: [], acls });
    for await (const nodes of source.nodes())
      for (const node of nodes)
        tree.addNode({ ...node, aclId: node.path === '/zookeeper/config' ? 1n : -1n });
    tree.loaded();
    await source.close();
    return tree;
  }

  test('exact: the base and a log, to a transaction of choice', async () => {
    const written = await writeDataDirectory(await history.input(half), target, EXACT);
    const first = history.txns[0]!.zxid.toString(16);
    expect(written).toMatchObject({
      zxid: `0x${half.toString(16)}`,
      files: [`version-2/snapshot.100000000`, `version-2/log.${first}`],
      ...{ sessions: 1, sessionsDropped: 0, ephemeralsDropped: 0, warnings: [] },
      digest: { value: history.treeAt(half).digest.toString() },
    });
    const sizes = written.files.map((name) => statSync(join(target, name)).size);
    expect(written.bytes).toBe(sizes[0]! + sizes[1]!);
    const found = await treeOf(await openFiles({ path: target, spool: directory }));
    expect([...compareTrees(found, history.treeAt(half))]).toEqual([]);
  });

  test('exact without a transaction after the base has no log', async () => {
    const written = await writeDataDirectory(await history.input(half, half), target, EXACT);
    expect(written.files).toEqual([`version-2/snapshot.${half.toString(16)}`]);
    expect(written.digest).toBeUndefined();
  });

  test.each([true, false])('clean: one snapshot of that tree, sessions kept: %s', async (kept) => {
    const options = { ...CLEAN, keepSessions: kept };
    const written = await writeDataDirectory(await history.input(half, half - 5n), target, options);
    const wanted = history.treeAt(half);
    const dropped = kept ? { sessions: 0, ephemerals: 0 } : dropSessions(wanted, half);
    const { name, tree, digest } = onlySnapshot();
    expect(name).toBe(`snapshot.${half.toString(16)}`);
    expect(differences(tree, wanted)).toEqual([]);
    expect(digest).toBe(wanted.digest);
    expect(written).toMatchObject({
      ...{ sessionsDropped: dropped.sessions, ephemeralsDropped: dropped.ephemerals },
      ...{ nodes: wanted.size, sessions: kept ? 1 : 0 },
      digest: { value: wanted.digest.toString() },
    });
    expect(dropped.ephemerals).toBe(kept ? 0 : 4);
  });

  test('clean: in the epoch after all that was seen', async () => {
    const above = 0x7_0000_0123n;
    const options = { ...CLEAN, above };
    const written = await writeDataDirectory(await history.input(), target, options);
    expect(onlySnapshot().name).toBe('snapshot.800000000');
    expect(written.zxid).toBe('0x800000000');
  });

  test('clean: without a digest where the reader has none, or may see paths otherwise', async () => {
    const old: WriteOptions = { way: 'clean', targetVersion: '3.5.10' };
    await writeDataDirectory(await history.input(), target, old);
    expect(onlySnapshot().digest).toBeUndefined();
    rmSync(target, { recursive: true });
    history.create('/żółć');
    await writeDataDirectory(await history.input(), target, CLEAN);
    expect(onlySnapshot().digest).toBeUndefined();
  });

  test('a source of the past gives every node with its ACL, and leaves nothing behind', async () => {
    const acl = [{ perms: 1, scheme: 'digest', id: 'a:b' }];
    history.commit({ kind: 'setAcl', path: '/app', acl, version: 1 });
    const spool = join(directory, 'spool');
    const source = await restoreSource(await history.input(), 'past', { spool });
    const found = new Map<string, unknown>();
    for await (const nodes of source.nodes()) for (const node of nodes) found.set(node.path, node);
    expect(found.size).toBe(history.tree.size);
    expect(found.get('/app')).toMatchObject({ acl, data: Buffer.alloc(5_000, 1) });
    expect(source).toMatchObject({ zxid: history.last, knowsTypes: true, shown: 'past' });
    await source.close();
    expect(readdirSync(spool)).toEqual([]);
  });

  describe.each([EXACT, CLEAN])('$way appears whole or not at all', (options) => {
    const left = () => readdirSync(directory).filter((name) => name !== 'history');

    test('nothing is at its place before the end', async () => {
      const input = await history.input();
      let seen: string[] = [];
      const txns = async function* () {
        for await (const txn of input.txns()) {
          seen = left();
          yield txn;
        }
      };
      await writeDataDirectory({ ...input, txns }, target, options);
      expect(seen).toEqual([expect.stringMatching(/^data\.partial-[0-9a-f]{12}$/)]);
      expect(left()).toEqual(['data']);
    });

    const broken: [string, (input: RestoreInput) => RestoreInput, RegExp][] = [
      [
        'a hole',
        (input) => withTxns(input, (txns) => txns.filter((_, index) => index !== 3)),
        /the transactions after 0x100000003 and before 0x100000005 are missing/,
      ],
      [
        'an early end',
        (input) => withTxns(input, (txns) => txns.slice(0, -2)),
        /the log ends at 0x100000017, before 0x100000019/,
      ],
      [
        'a log beyond what was asked for',
        (input) => ({ ...input, zxid: input.zxid - 1n }),
        /the log goes on to 0x100000019 without 0x100000018/,
      ],
      [
        'a transaction under another name',
        (input) => withTxns(input, (txns) => swapped(txns)),
        /the transaction listed as 0x100000001 is another one/,
      ],
      [
        'a record cut off',
        (input) => withTxns(input, (txns) => [{ ...txns[0]!, bytes: txns[0]!.bytes.subarray(9) }]),
        /the transaction 0x100000001 cannot be read/,
      ],
      [
        'a transaction before the base is whole',
        (input) => ({ ...input, usableFrom: input.zxid + 1n }),
        /restores to 0x10000001a and later, not to 0x100000019/,
      ],
    ];
    test.each(broken)('not with %s', async (_, breakIt, message) => {
      const input = breakIt(await history.input());
      await expect(writeDataDirectory(input, target, options)).rejects.toThrow(message);
      expect(left()).toEqual([]);
    });

    test('not with a base that has one other bit, or is cut off', async () => {
      const input = await history.input();
      const bytes = readFileSync(input.snapshotFile);
      const damaged = join(directory, 'history', 'damaged');
      const flipped = Buffer.from(bytes);
      flipped[bytes.length >> 1]! ^= 4;
      for (const wrong of [flipped, bytes.subarray(0, -4), Buffer.alloc(0)]) {
        writeFileSync(damaged, wrong);
        const given = { ...input, snapshotFile: damaged };
        await expect(writeDataDirectory(given, target, options)).rejects.toMatchObject({
          type: 'BackupInvalid',
        });
        expect(left()).toEqual([]);
      }
    });
  });

  test('a transaction that was changed is found by the digest, and its zxid named', async () => {
    const input = withTxns(await history.input(), (txns) =>
      txns.map((txn) => {
        const bytes = Buffer.from(txn.bytes);
        const at = bytes.indexOf('/app/n7', bytes.indexOf('/app/n7') + 1);
        if (at !== -1) bytes[at + 6] = 0x38;
        return { ...txn, bytes };
      }),
    );
    const changed = history.txns.find(({ bytes }) => bytes.includes('/app/n7'))!.zxid;
    await expect(treeAt(input)).rejects.toMatchObject({
      type: 'BackupInvalid',
      message: expect.stringContaining(`0x${changed.toString(16)} `),
    });
    const unchecked = await treeAt(input, { checkDigests: false });
    expect(unchecked.digestsMatched).toBe(0);
    expect((await treeAt(await history.input())).digestsMatched).toBe(history.txns.length);
  });

  test('knows the session that resumes', async () => {
    history.commit({ kind: 'closeSession', paths: [] });
    history.commit({ kind: 'createSession', timeoutMs: 1_000 }, SESSION + 1n);
    history.commit({ kind: 'createSession', timeoutMs: 1_000 }, SESSION + 2n);
    expect((await writeDataDirectory(await history.input(), target, EXACT)).sessions).toBe(2);
  });
});

type Given = { zxid: bigint; bytes: Buffer }[];

function withTxns(input: RestoreInput, change: (txns: Given) => Given): RestoreInput {
  return {
    ...input,
    txns: async function* () {
      const all: Given = [];
      for await (const txn of input.txns()) all.push(txn);
      yield* change(all);
    },
  };
}

const swapped = ([one, other, ...rest]: Given): Given => [
  { zxid: one!.zxid, bytes: other!.bytes },
  { zxid: other!.zxid, bytes: one!.bytes },
  ...rest,
];
