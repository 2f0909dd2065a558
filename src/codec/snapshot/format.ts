/**
 * The layout of snapshots (FileSnap.java, DataTree.serialize): sessions, ACL table, nodes up to the path "/". In a
 * file a header comes before, and after it a seal (Adler-32 of everything so far, then "/"); from 3.6 on the
 * digest with a seal of its own; from 3.9 on the last zxid with another.
 */
export const MAGIC = 'ZKSN';
export const VERSION = 2;
/** Magic, version, dbId. */
export const FILE_HEADER_BYTES = 16;
/** FileSnap.dbId. */
export const DB_ID = -1n;
/** long id, int timeout. */
export const SESSION_BYTES = 12;
/** Of an ACL list: long key, int count. */
export const LIST_HEAD_BYTES = 12;
/** StatPersisted. */
export const STAT_BYTES = 60;
/** Key of the ACL, and the Stat. */
export const NODE_TAIL_BYTES = 8 + STAT_BYTES;
/** long checksum, and "/" as a string. */
export const SEAL_BYTES = 8 + 4 + 1;
/** long zxid, int version, long digest. */
export const DIGEST_BYTES = 20;
export const LAST_ZXID_BYTES = 8;

/** Of the tree at `zxid`, which may lie after the zxid in the file's name. All 0 where the server had none yet. */
export interface SnapshotDigest {
  zxid: bigint;
  version: number;
  digest: bigint;
}

/** What stands after the first seal. */
export interface SnapshotTrailer {
  /** From 3.6 on, unless digests are switched off. */
  digest?: SnapshotDigest;
  /** From 3.9 on, unless switched off. */
  lastZxid?: bigint;
}
