/**
 * What ZooKeeper writes to disk and sends over the quorum port, as values: the same records everywhere.
 * Numbers of 64 bits are bigint here and in src/tree; documents, logs and the command show zxids and
 * session ids as `0x…` strings.
 */

/** How an ACL stands in a transaction or snapshot: hashes included, nothing redacted. */
export interface AclEntry {
  perms: number;
  scheme: string;
  id: string;
}

export interface SessionRecord {
  sessionId: bigint;
  timeoutMs: number;
}

/** StatPersisted: 60 bytes, in this order. Times are milliseconds since 1970. */
export interface StatRecord {
  czxid: bigint;
  mzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  cversion: number;
  aversion: number;
  /** Session id, or the marks of container and TTL nodes (EphemeralType.java); 0 for a plain node. */
  ephemeralOwner: bigint;
  pzxid: bigint;
}

/** A node of a snapshot. Parents come before their children, siblings in no order. */
export interface ZnodeRecord {
  /** Absolute; the root is `/` (an empty string in the bytes). */
  path: string;
  /** null and empty differ. A view of the bytes read, not a copy. */
  data: Buffer | null;
  /** Key into the ACL table; -1 is the open ACL world:anyone:cdrwa. */
  aclId: bigint;
  stat: StatRecord;
}

/** A node as it was read. */
export interface SnapshotNode extends ZnodeRecord {
  /** What `aclId` stands for; undefined where the snapshot's own table does not say. */
  acl: AclEntry[] | undefined;
}

/** The head of a snapshot body: comes before all nodes. */
export interface SnapshotTables {
  sessions: SessionRecord[];
  acls: Map<bigint, AclEntry[]>;
}

export interface TxnHeader {
  clientId: bigint;
  cxid: number;
  zxid: bigint;
  time: bigint;
  /** ZooDefs.OpCode. */
  type: number;
}

/** zookeeper's TxnDigest, appended to transactions from 3.6 on. */
export interface TxnDigest {
  version: number;
  treeDigest: bigint;
}

export const TXN_TYPE = {
  create: 1,
  delete: 2,
  setData: 5,
  setAcl: 7,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const;

/** `acl: null` and `data: null` are what the bytes say: -1 for a length. */
export type TxnBody =
  | {
      kind: 'create' | 'create2';
      path: string;
      data: Buffer | null;
      acl: AclEntry[] | null;
      ephemeral: boolean;
      /** -1 makes the server count it up itself, as it does for old records. */
      parentCversion: number;
      /** CreateTxnV0, of 3.3 and before: the record ends before parentCversion. */
      old?: true;
    }
  | {
      kind: 'createContainer';
      path: string;
      data: Buffer | null;
      acl: AclEntry[] | null;
      parentCversion: number;
    }
  | {
      kind: 'createTtl';
      path: string;
      data: Buffer | null;
      acl: AclEntry[] | null;
      parentCversion: number;
      /** Milliseconds. */
      ttl: bigint;
    }
  | { kind: 'delete' | 'deleteContainer'; path: string }
  | { kind: 'setData' | 'reconfig'; path: string; data: Buffer | null; version: number }
  | { kind: 'setAcl'; path: string; acl: AclEntry[] | null; version: number }
  | { kind: 'check'; path: string; version: number }
  | { kind: 'multi'; txns: TxnBody[] }
  /**
   * `rest`: only in a multi that failed elsewhere. A server that has applied it marks all its parts as errors, leaving
   * their bytes as they were, and hands it on so, to learners and thereby into their logs: `code` is then no code,
   * but the first four of those bytes.
   */
  | { kind: 'error'; code: number; rest?: Buffer }
  | { kind: 'createSession'; timeoutMs: number }
  /** `paths`: the ephemerals closed with it, from 3.6 on; null where the record has no body. */
  | { kind: 'closeSession'; paths: string[] | null };

export interface Txn {
  header: TxnHeader;
  body: TxnBody;
  /** Absent below 3.6 and for error transactions. */
  digest?: TxnDigest;
}
