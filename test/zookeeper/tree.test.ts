import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter, ownerAcl } from '../../src/adapters/zookeeper';
import { Connection } from '../../src/adapters/zookeeper/connection';
import {
  CREATE_FLAGS,
  encodeMulti,
  encodeWrite,
  type WriteOp,
} from '../../src/codec/clientRequests';
import { SnapshotReader } from '../../src/codec/snapshot';
import { decodeTxn } from '../../src/codec/txn';
import { LogScanner } from '../../src/codec/txnLog';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab } from '../../src/lab/lab';
import type { ZkAcl, ZkSession } from '../../src/model/ports';
import { nextSequenceSeen } from '../../src/tree/counters';
import { DataTree } from '../../src/tree/dataTree';
import { DigestWatch } from '../../src/tree/restore/digestWatch';
import { AUTH, addressesOf, CREDENTIAL, startLab } from './support';

const ROUNDS = 120;
const TXNS_A_SNAPSHOT = 400;
const CLIENT_TIMEOUT_MS = 20_000;
const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];

/** The server that runs writes to its files before it acknowledges, so they can be read meanwhile. */
class DataDirectory {
  constructor(private readonly path: string) {}

  private names(kind: 'log' | 'snapshot'): string[] {
    const names = readdirSync(this.path).filter((name) => name.startsWith(`${kind}.`));
    return names.sort((one, other) => (zxidOf(one) < zxidOf(other) ? -1 : 1));
  }

  get snapshots(): string[] {
    return this.names('snapshot');
  }

  /** The watch of its digests allows for the transaction that the server was applying as it wrote its own. */
  load(snapshot: string): { tree: DataTree; digests: DigestWatch } {
    const reader = new SnapshotReader();
    const nodes = reader.push(readFileSync(join(this.path, snapshot)));
    const end = reader.finish();
    if (end.kind !== 'complete') throw new Error(`${snapshot} is ${end.kind}: ${end.reason}`);
    const tree = new DataTree(reader.tables!, { lastZxid: zxidOf(snapshot) });
    for (const node of nodes) tree.addNode(node);
    const { digest } = end.trailer;
    const digests = new DigestWatch(digest?.zxid ?? tree.lastZxid, digest?.zxid);
    digests.accept(tree.lastZxid, tree.loaded(digest).digestMatches);
    return { tree, digests };
  }

  /** What the log brings after the tree's zxid; the kinds seen. Throws at the first digest that is wrong. */
  replay({ tree, digests }: { tree: DataTree; digests: DigestWatch }): Set<string> {
    const kinds = new Set<string>();
    for (const log of this.names('log')) {
      for (const { bytes } of new LogScanner().push(readFileSync(join(this.path, log)))) {
        const txn = decodeTxn(bytes);
        if (txn.header.zxid <= tree.lastZxid) continue;
        digests.accept(txn.header.zxid, tree.apply(txn).digestMatches);
        kinds.add(txn.body.kind);
      }
    }
    digests.finish();
    return kinds;
  }
}

const zxidOf = (name: string): bigint => BigInt(`0x${name.split('.')[1]}`);

/** One round of every kind of write; those that fail are meant to. */
async function round(connection: Connection, session: ZkSession, number: number): Promise<void> {
  const send = (op: Exclude<WriteOp, { kind: 'check' }>) =>
    connection.request(
      { operation: op.kind, path: op.path, timeoutMs: CLIENT_TIMEOUT_MS },
      (xid) => encodeWrite(xid, op),
      () => undefined,
    );
  const multi = (ops: WriteOp[]) =>
    connection.request(
      { operation: 'multi', path: '/', timeoutMs: CLIENT_TIMEOUT_MS },
      (xid) => encodeMulti(xid, ops),
      () => undefined,
    );
  const base = `/r${number}`;
  const node = (path: string, data: Buffer | null = Buffer.from(path)) => ({
    path,
    data,
    acl: OPEN,
  });
  await send({ kind: 'create', ...node(base, null) });
  await Promise.all([
    send({ kind: 'create2', ...node(`${base}/ü-日本`) }),
    send({ kind: 'createContainer', ...node(`${base}/c`) }),
    send({ kind: 'createTtl', ...node(`${base}/t`), ttlMs: 86_400_000 }),
    send({ kind: 'create', ...node(`${base}/s-`), flags: CREATE_FLAGS.sequential }),
    send({ kind: 'create', ...node(`${base}/e-`), flags: CREATE_FLAGS.ephemeralSequential }),
    send({ kind: 'setData', path: base, data: Buffer.alloc(number * 7, 'd') }),
    send({ kind: 'delete', path: '/nowhere' }).catch(() => undefined),
    multi([
      { kind: 'create', ...node(`${base}/m`) },
      { kind: 'check', path: base, version: -1 },
      { kind: 'setData', path: `${base}/m`, data: null },
      { kind: 'delete', path: `${base}/gone` },
    ]).catch(() => undefined),
    multi([
      { kind: 'create2', ...node(`${base}/n`) },
      { kind: 'setData', path: `${base}/n`, data: Buffer.alloc(0) },
      { kind: 'create', ...node(`${base}/gone`) },
      { kind: 'delete', path: `${base}/gone` },
    ]),
  ]);
  await session.setAcl(`${base}/n`, ownerAcl(CREDENTIAL));
  await send({ kind: 'delete', path: `${base}/c` });
}

interface Seen {
  data: Buffer | null;
  acl: ZkAcl[];
  stat: Record<string, unknown>;
}

/** All a client can read. */
async function read(session: ZkSession, path = '/', into = new Map<string, Seen>()) {
  const [{ data, stat }, acl, children] = await Promise.all([
    session.get(path),
    session.getAcl(path),
    session.children(path),
  ]);
  into.set(path, { data, acl, stat: { ...stat } });
  for (const name of children) await read(session, `${path === '/' ? '' : path}/${name}`, into);
  return into;
}

const hex = (value: bigint) => `0x${BigInt.asUintN(64, value).toString(16)}`;

/** The tree as its server would show it to a client (DataNode.copyStat). */
function shown(tree: DataTree): Map<string, Seen> {
  const nodes = [...tree.nodes()].map(({ path, data, acl, stat, type, numChildren }) => {
    const seen: Seen = {
      data,
      acl: acl ?? [],
      stat: {
        czxid: hex(stat.czxid),
        mzxid: hex(stat.mzxid),
        pzxid: hex(stat.pzxid),
        ctimeMs: Number(stat.ctime),
        mtimeMs: Number(stat.mtime),
        version: stat.version,
        cversion: (2 * stat.cversion - numChildren) | 0,
        aversion: stat.aversion,
        ephemeralOwner: hex(type === 'ephemeral' ? stat.ephemeralOwner : 0n),
        dataLength: data?.length ?? 0,
        numChildren,
      },
    };
    return [path, seen] as const;
  });
  return new Map(nodes);
}

describe('the tree of a real server, from its files', () => {
  let lab: Lab;
  let session: ZkSession;
  let directory: DataDirectory;

  beforeAll(async () => {
    lab = await startLab({
      name: 'tree39',
      version: '3.9.6',
      servers: 1,
      javaOptions: [
        `-Dzookeeper.snapCount=${TXNS_A_SNAPSHOT}`,
        '-Dzookeeper.preAllocSize=256',
        '-Dzookeeper.extendedTypesEnabled=true',
        '-Dfile.encoding=UTF-8',
      ],
    });
    directory = new DataDirectory(join(hostPaths(lab.members[0]!.directory).data, 'version-2'));
    const servers = addressesOf(lab);
    session = await createZooKeeperAdapter().openSession({ servers, auth: AUTH });
    const open = () =>
      new Connection({ servers, sessionTimeoutMs: CLIENT_TIMEOUT_MS, auth: [], shown: lab.name });
    let connection = open();
    for (let number = 0; number < ROUNDS; number += 1) {
      await round(connection, session, number);
      if (number % 10 !== 9) continue;
      await connection.close();
      connection = open();
    }
    await connection.close();
    await session.create('/mine', Buffer.alloc(0), { ephemeral: true });
  });

  afterAll(async () => {
    await session?.close();
    await lab?.destroy();
  });

  test('every digest in the log matches, from every snapshot on, and the whole log was every kind', () => {
    expect(directory.snapshots.length).toBeGreaterThan(2);
    const first = directory.load(directory.snapshots[0]!);
    const kinds = directory.replay(first);
    expect(first.digests.matched).toBeGreaterThan(ROUNDS * 10);
    expect([...kinds].sort()).toEqual([
      'closeSession',
      'create',
      'create2',
      'createContainer',
      'createSession',
      'createTtl',
      'delete',
      'error',
      'multi',
      'setAcl',
      'setData',
    ]);
    for (const snapshot of directory.snapshots) {
      const loaded = directory.load(snapshot);
      directory.replay(loaded);
      expect(loaded.tree.recomputeDigest()).toBe(loaded.tree.digest);
    }
  });

  test('every node, stat and ACL is what a client reads, whichever snapshot it starts from', async () => {
    const seen = await read(session);
    expect(seen.size).toBeGreaterThan(ROUNDS * 5);
    for (const snapshot of directory.snapshots) {
      const loaded = directory.load(snapshot);
      directory.replay(loaded);
      const { tree } = loaded;
      const nodes = shown(tree);
      expect([...nodes.keys()].sort()).toEqual([...seen.keys()].sort());
      for (const [path, node] of seen) {
        expect([path, nodes.get(path)]).toEqual([path, node]);
        const { cversion, numChildren } = node.stat as { cversion: number; numChildren: number };
        expect(nextSequenceSeen({ cversion, numChildren })).toBe(tree.nextSequence(path));
      }
      expect(tree.ephemeralsOf(BigInt(session.sessionId))).toEqual(['/mine']);
      expect(tree.sessions.has(BigInt(session.sessionId))).toBe(true);
    }
  });
});
