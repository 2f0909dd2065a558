/**
 * A ZooKeeper server's tree in memory: loaded from a snapshot, brought forward by transactions, each
 * applied as the server applies it (DataTree.processTxn, FileTxnSnapLog.processTransaction).
 *
 * It also does what a restore does: a snapshot is fuzzy, so transactions that are in it already may
 * be applied again. Not kept up: the counts in `/zookeeper/quota/…/zookeeper_stats`, which every
 * server computes for itself, and which no digest covers.
 *
 * About 390 bytes a node beside its data (measured: 1M nodes of 256 bytes). One parent can have up to 2^24 children.
 */
import type { AclEntry, SnapshotTables, StatRecord, Txn, ZnodeRecord } from '../codec/records';
import type { SnapshotDigest } from '../codec/snapshot';
import { applyTxn, broken, splitPath, type Outcome, type Rules } from './applyTxn';
import type { Charset } from './crc32';
import { DIGEST_VERSION, expectedDigest } from './digest';
import { Nodes, type TreeNode } from './nodes';
import { nodeType, type NodeType } from './nodeType';

export interface TreeOptions {
  /** The zxid of the snapshot: transactions up to it are in the tree. */
  lastZxid?: bigint;
  /** 3.4 and 3.5 have nothing to compare with, so off saves time there. Default true. */
  digests?: boolean;
  /**
   * How the server's JVM encodes paths for the digest: its default charset, up to Java 17 the
   * locale's. By default UTF-8, and ASCII once the first digests match only that way.
   */
  charset?: Charset;
  /**
   * 3.4 and 3.5: a parent whose counter passes 2^31 - 1 goes on at -2^31. From 3.6 on it stands
   * still, the servers' own digests no longer matching. Default false.
   */
  cversionWraps?: boolean;
}

export interface ApplyResult extends Outcome {
  /**
   * Absent where nothing comparable is known: no digest, another version, or a tree fuzzy until a
   * zxid that `loaded` was told. A snapshot from the quorum port names no such zxid: there it is false
   * at first, under load, and once true the fuzzy range has passed.
   */
  digestMatches?: boolean;
}

/** A node as a snapshot has it, and what can only be said with the tree around it. */
export interface TreeZnode extends ZnodeRecord {
  /** null: the snapshot's table lacks it (see DataTree.unknownAcls). */
  acl: AclEntry[] | null;
  type: NodeType;
  numChildren: number;
}

export class DataTree {
  /** Timeout in ms by session id. */
  readonly sessions = new Map<bigint, number>();
  private readonly store: Nodes;
  private zxid: bigint;
  /** Before that, transactions' digests are not compared: the tree has parts of later ones. */
  private fuzzyUntil: SnapshotDigest | undefined;
  private charset: Charset;
  /** Digests in a row that did not match. */
  private mismatches = 0;
  private readonly rules: Rules;

  constructor(
    tables: SnapshotTables,
    private readonly options: TreeOptions = {},
  ) {
    this.charset = options.charset ?? 'utf8';
    this.store = new Nodes(options.digests ?? true, this.charset);
    this.store.acls.load(tables.acls);
    for (const session of tables.sessions) this.sessions.set(session.sessionId, session.timeoutMs);
    this.zxid = options.lastZxid ?? 0n;
    this.rules = {
      nodes: this.store,
      sessions: this.sessions,
      cversionWraps: options.cversionWraps ?? false,
    };
  }

  /** What a server starts from where it has no snapshot. `configNode`: 3.5 and later. */
  static empty(configNode: boolean, options: TreeOptions = {}): DataTree {
    const readOnly = [{ perms: 1, scheme: 'world', id: 'anyone' }];
    const tree = new DataTree({ sessions: [], acls: new Map([[1n, readOnly]]) }, options);
    const paths = ['/', '/zookeeper', '/zookeeper/quota'];
    if (configNode) paths.push('/zookeeper/config');
    for (const path of paths) {
      const isConfig = path === '/zookeeper/config';
      const stat = { ...NO_STAT, aversion: isConfig ? -1 : 0 };
      tree.addNode({ path, data: Buffer.alloc(0), aclId: isConfig ? 1n : -1n, stat });
    }
    tree.loaded();
    return tree;
  }

  /**
   * The next node of a snapshot. Data that fills most of its buffer is kept as it is, not copied: it
   * must not be written to afterwards.
   *
   * @throws ZkferryError BackupInvalid for a node before its parent, or listed twice
   */
  addNode({ path, data, aclId, stat }: ZnodeRecord): void {
    if (path === '/' || path === '') {
      if (this.store.root !== null) throw broken('two roots');
      this.store.insertRecord(null, '', '/', data, this.store.acls.useId(aclId), stat);
      return;
    }
    const slash = splitPath(path);
    const name = path.substring(slash + 1);
    const parent = this.store.parentOf(path, slash);
    if (parent === undefined) throw broken(`${path} before its parent`);
    if (parent.children?.has(name)) throw broken(`${path} twice`);
    this.store.insertRecord(parent, name, path, data, this.store.acls.useId(aclId), stat);
  }

  /**
   * To be called after the last addNode: drops the ACLs nobody uses, and compares the digest of the
   * snapshot, at once or when its zxid is applied. One older than the snapshot belongs to the epoch
   * before and says nothing (DataTree.deserializeZxidDigest).
   */
  loaded(digest?: SnapshotDigest): { digestMatches?: boolean } {
    if (this.store.root === null) throw broken('no root');
    this.store.acls.purgeUnused();
    if (digest === undefined || digest.zxid <= 0n || digest.zxid < this.zxid) return {};
    this.fuzzyUntil = digest;
    if (digest.zxid > this.zxid) return {};
    const digestMatches = this.settle();
    return digestMatches === undefined ? {} : { digestMatches };
  }

  /** The highest zxid applied, or the snapshot's. */
  get lastZxid(): bigint {
    return this.zxid;
  }

  get size(): number {
    return this.store.size;
  }

  /** Signed 64 bits, as in TxnDigest; 0 without digests. */
  get digest(): bigint {
    return this.store.digest;
  }

  /** The digest of every node computed anew: equal to `digest` unless there is a defect here. */
  recomputeDigest(): bigint {
    this.store.redigest();
    return this.store.digest;
  }

  /** ACL ids used by nodes but missing in the snapshot's table: fuzzy, cured by the log that follows it. */
  get unknownAcls(): number {
    return this.store.acls.unknown;
  }

  get(path: string): TreeZnode | undefined {
    const node = this.store.find(path);
    return node === undefined ? undefined : this.view(node, path);
  }

  has(path: string): boolean {
    return this.store.find(path) !== undefined;
  }

  /** Names, unsorted; empty for a node that does not exist. */
  childrenOf(path: string): string[] {
    return [...(this.store.find(path)?.children?.keys() ?? [])];
  }

  /** Parents first; the tree must not change meanwhile. `sorted`: siblings in UTF-16 order of their names. */
  *nodes(options: { sorted?: boolean } = {}): Generator<TreeZnode> {
    for (const { node, path } of this.store.walk(options.sorted)) yield this.view(node, path);
  }

  /** Sessions and ACLs as the head of a snapshot of this tree: `nodes()` refers to these ids. */
  tables(): SnapshotTables {
    const sessions = [...this.sessions].map(([sessionId, timeoutMs]) => ({ sessionId, timeoutMs }));
    return { sessions, acls: this.store.acls.toTable() };
  }

  ephemeralsOf(sessionId: bigint): string[] {
    const owned = this.store.ownedBy(sessionId) ?? [];
    return Array.from(owned, (node) => this.store.pathOf(node));
  }

  /** Sessions that own ephemerals: each of them should be in `sessions`. */
  ephemeralOwners(): bigint[] {
    return [...this.store.ownerIds()].filter((owner) => nodeType(owner) === 'ephemeral');
  }

  /** The number the next sequential child of `path` gets (counters.ts); undefined without such a node. */
  nextSequence(path: string): number | undefined {
    const node = this.store.find(path);
    return node === undefined ? undefined : this.store.stats.cversion(node.row);
  }

  /**
   * One committed transaction. A multi is applied whole or, where one of its parts failed, not at all.
   *
   * @throws ZkferryError BackupInvalid for what no server writes; the tree is not to be used further
   */
  apply(txn: Txn): ApplyResult {
    const { header } = txn;
    const result: ApplyResult = applyTxn(this.rules, header, txn.body);
    if (header.zxid > this.zxid) this.zxid = header.zxid;
    if (this.options.digests !== false) {
      const matches = this.compareDigest(txn);
      if (matches !== undefined) result.digestMatches = matches;
    }
    return result;
  }

  private compareDigest(txn: Txn): boolean | undefined {
    let snapshotMatches: boolean | undefined;
    if (this.fuzzyUntil !== undefined) {
      if (txn.header.zxid < this.fuzzyUntil.zxid) return undefined;
      if (txn.header.zxid === this.fuzzyUntil.zxid) snapshotMatches = this.settle();
      this.fuzzyUntil = undefined;
    }
    const expected = expectedDigest(txn);
    if (expected === undefined || snapshotMatches === false) return snapshotMatches;
    return this.matches(expected);
  }

  private settle(): boolean | undefined {
    const digest = this.fuzzyUntil;
    this.fuzzyUntil = undefined;
    if (digest?.version !== DIGEST_VERSION || this.options.digests === false) return undefined;
    return this.matches(digest.digest);
  }

  private matches(expected: bigint): boolean {
    if (expected === this.store.digest || this.matchesInOtherCharset(expected)) {
      this.mismatches = 0;
      return true;
    }
    return false;
  }

  /** Walks the whole tree, so only at the 1st, 2nd, 4th, 8th … mismatch in a row. */
  private matchesInOtherCharset(expected: bigint): boolean {
    const count = ++this.mismatches;
    if (this.options.charset !== undefined || (count & (count - 1)) !== 0) return false;
    if (!this.store.hasNonAsciiPaths()) return false;
    const before = this.charset;
    this.charset = before === 'utf8' ? 'ascii' : 'utf8';
    this.store.redigest(this.charset);
    if (this.store.digest === expected) return true;
    this.charset = before;
    this.store.redigest(before);
    return false;
  }

  private view(node: TreeNode, path: string): TreeZnode {
    const { stats, acls } = this.store;
    const stat = stats.read(node.row);
    const acl = stats.acl(node.row);
    return {
      path,
      data: node.data,
      aclId: acls.id(acl),
      stat,
      acl: acls.entries(acl),
      type: nodeType(stat.ephemeralOwner),
      numChildren: node.children?.size ?? 0,
    };
  }
}

/** Of a node that nobody has created yet. */
export const NO_STAT: StatRecord = {
  czxid: 0n,
  mzxid: 0n,
  ctime: 0n,
  mtime: 0n,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  pzxid: 0n,
};
