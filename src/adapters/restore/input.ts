/** What a restore starts from: a base, and the transactions after it. Made from a repository, or from a server's files. */
import { follows } from '../../codec/quorum/packet';
import type { Txn } from '../../codec/records';
import { decodeTxn } from '../../codec/txn';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { zxidText } from '../../model/zxid';

export interface RestoreInput {
  /** A whole, unpacked snapshot file on this machine. It is only read. */
  snapshotFile: string;
  /** Of the snapshot's name: the log goes on after it. */
  snapshotZxid: bigint;
  /** Raw transactions after `snapshotZxid`, in order, up to `zxid`. May be asked for more than once. */
  txns: () => AsyncIterable<{ zxid: bigint; bytes: Buffer }>;
  /** The last transaction to restore. */
  zxid: bigint;
  /**
   * From this transaction on the base's tree is whole; before it, it has parts of later ones. Of a server's own file at
   * least one after the zxid of the digest in it, which may lag behind its nodes by the transaction then being applied.
   */
  usableFrom?: bigint;
  /** Bytes of all transactions together, as far as they are known: for the estimate of disk and memory. */
  logBytes?: number;
  /** Of the servers that wrote it. */
  serverVersion?: string;
}

export interface RestoreTxn {
  bytes: Buffer;
  txn: Txn;
}

/**
 * The transactions, decoded, each proven to follow the one before, the last to be the one that is wanted.
 *
 * @throws ZkferryError BackupInvalid for a hole, a damaged record, or a log that ends early or goes on too far
 */
export async function* restoreTxns(
  { txns, snapshotZxid, zxid: target }: RestoreInput,
  signal?: AbortSignal,
): AsyncGenerator<RestoreTxn> {
  let last = snapshotZxid;
  for await (const { zxid, bytes } of txns()) {
    signal?.throwIfAborted();
    if (!follows(zxid, last)) throw hole(last, zxid);
    if (zxid > target) throw tooFar(zxid, target);
    const txn = decoded(zxid, bytes);
    last = zxid;
    yield { bytes, txn };
  }
  if (last !== target)
    throw new ZkferryError(
      'BackupInvalid',
      `the log ends at ${zxidText(last)}, before ${zxidText(target)}, which was asked for: restore to ${zxidText(last)}, or find the rest of the log`,
    );
}

/** @throws ZkferryError NotRestorable where the base has parts of transactions after the one that is wanted */
export function refuseFuzzy({ zxid, snapshotZxid, usableFrom = snapshotZxid }: RestoreInput): void {
  if (zxid >= usableFrom) return;
  throw new ZkferryError(
    'NotRestorable',
    `the base restores to ${zxidText(usableFrom)} and later, not to ${zxidText(zxid)}: it was taken while transactions went on; name a later one, or take an earlier base`,
  );
}

function decoded(zxid: bigint, bytes: Buffer): Txn {
  try {
    const txn = decodeTxn(bytes);
    if (txn.header.zxid === zxid) return txn;
  } catch (error) {
    if (!isZkferryError(error)) throw error;
    throw new ZkferryError(
      'BackupInvalid',
      `the transaction ${zxidText(zxid)} cannot be read: ${error.message}`,
      { cause: error },
    );
  }
  throw new ZkferryError(
    'BackupInvalid',
    `the transaction listed as ${zxidText(zxid)} is another one: the log is damaged, restore from another copy`,
  );
}

const hole = (last: bigint, zxid: bigint): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the transactions after ${zxidText(last)} and before ${zxidText(zxid)} are missing: restore to ${zxidText(last)}, or from a base after the hole`,
  );

const tooFar = (zxid: bigint, target: bigint): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the log goes on to ${zxidText(zxid)} without ${zxidText(target)}, which was asked for: name a transaction that is in it`,
  );
