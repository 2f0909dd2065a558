/**
 * The tree digest of ZooKeeper 3.6 and later, version 2 (DigestCalculator.java, AdHash.java): the sum,
 * modulo 2^64, of one CRC-32 a node. ACLs are not in it, nor is anything under `/zookeeper/`.
 */
import type { StatRecord, Txn } from '../codec/records';
import { crc32, crc32OfText, type Charset } from './crc32';

export const DIGEST_VERSION = 2;

/** Bytes of the stat in the digest's own order, which is not the order on disk. */
export const STAT_BYTES = 60;

/** Quota and configuration nodes differ from server to server, so servers leave them out. */
export function isDigested(path: string): boolean {
  return !path.startsWith('/zookeeper/');
}

/** The sum of path and data: what changes only with the data. The root counts as the empty path. */
export function contentSum(path: string, data: Uint8Array | null, charset: Charset): number {
  const sum = crc32OfText(path === '/' ? '' : path, charset);
  return data === null ? sum : crc32(data, sum);
}

/** A node's digest, 0..2^32-1; 0 for a node left out. */
export function nodeDigest(
  path: string,
  data: Uint8Array | null,
  stat: StatRecord,
  charset: Charset = 'utf8',
): number {
  if (!isDigested(path)) return 0;
  const bytes = new Uint8Array(STAT_BYTES);
  writeStat(new DataView(bytes.buffer), 0, stat);
  return crc32(bytes, contentSum(path, data, charset));
}

export function writeStat(view: DataView, at: number, stat: StatRecord): void {
  view.setBigInt64(at, stat.czxid);
  view.setBigInt64(at + 8, stat.mzxid);
  view.setBigInt64(at + 16, stat.pzxid);
  view.setBigInt64(at + 24, stat.ctime);
  view.setBigInt64(at + 32, stat.mtime);
  view.setInt32(at + 40, stat.version);
  view.setInt32(at + 44, stat.cversion);
  view.setInt32(at + 48, stat.aversion);
  view.setBigInt64(at + 52, stat.ephemeralOwner);
}

export function readStat(view: DataView, at: number): StatRecord {
  return {
    czxid: view.getBigInt64(at),
    mzxid: view.getBigInt64(at + 8),
    ctime: view.getBigInt64(at + 24),
    mtime: view.getBigInt64(at + 32),
    version: view.getInt32(at + 40),
    cversion: view.getInt32(at + 44),
    aversion: view.getInt32(at + 48),
    ephemeralOwner: view.getBigInt64(at + 52),
    pzxid: view.getBigInt64(at + 16),
  };
}

/** The digest the tree must have once `txn` is applied; undefined where the record says nothing usable. */
export function expectedDigest(txn: Txn): bigint | undefined {
  return txn.digest?.version === DIGEST_VERSION ? txn.digest.treeDigest : undefined;
}

/** A running sum modulo 2^64 of values below 2^32, without a bigint a step. */
export class AdHash {
  private low = 0;
  private high = 0;

  add(digest: number): void {
    this.low += digest;
    if (this.low >= 0x1_0000_0000) {
      this.low -= 0x1_0000_0000;
      this.high++;
    }
  }

  remove(digest: number): void {
    this.low -= digest;
    if (this.low < 0) {
      this.low += 0x1_0000_0000;
      this.high--;
    }
  }

  /** Signed, as Java's long and the records have it. */
  get value(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) + BigInt(this.low));
  }
}
