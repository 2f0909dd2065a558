/**
 * The fixed-size part of every node in a few large blocks, 76 bytes a node: bigints kept one by one
 * would take three times that, and a block is in the digest's byte order already.
 */
import type { StatRecord } from '../codec/records';
import { crc32 } from './crc32';
import { readStat, STAT_BYTES, writeStat } from './digest';

const CONTENT_SUM = STAT_BYTES;
const DIGEST = CONTENT_SUM + 4;
const ACL = DIGEST + 4;
const DIGESTED = ACL + 4;
const ROW_BYTES = DIGESTED + 4;

const ROWS_SHIFT = 12;
const ROWS_MASK = (1 << ROWS_SHIFT) - 1;

export class StatTable {
  private readonly views: DataView[] = [];
  private readonly bytes: Uint8Array[] = [];
  private readonly free: number[] = [];
  private rows = 0;

  /** A row of zeros. */
  take(): number {
    const row = this.free.pop();
    if (row !== undefined) {
      const at = offset(row);
      this.block(row).fill(0, at, at + ROW_BYTES);
      return row;
    }
    if (this.rows >>> ROWS_SHIFT === this.views.length) {
      const buffer = new ArrayBuffer(ROW_BYTES << ROWS_SHIFT);
      this.views.push(new DataView(buffer));
      this.bytes.push(new Uint8Array(buffer));
    }
    return this.rows++;
  }

  give(row: number): void {
    this.free.push(row);
  }

  write(row: number, stat: StatRecord): void {
    writeStat(this.view(row), offset(row), stat);
  }

  writeNew(row: number, zxid: bigint, time: bigint, owner: bigint): void {
    const view = this.view(row);
    const at = offset(row);
    view.setBigInt64(at, zxid);
    view.setBigInt64(at + 8, zxid);
    view.setBigInt64(at + 16, zxid);
    view.setBigInt64(at + 24, time);
    view.setBigInt64(at + 32, time);
    if (owner !== 0n) view.setBigInt64(at + 52, owner);
  }

  read(row: number): StatRecord {
    return readStat(this.view(row), offset(row));
  }

  pzxid(row: number): bigint {
    return this.view(row).getBigInt64(offset(row) + 16);
  }

  setPzxid(row: number, zxid: bigint): void {
    this.view(row).setBigInt64(offset(row) + 16, zxid);
  }

  setModified(row: number, version: number, zxid: bigint, time: bigint): void {
    const view = this.view(row);
    const at = offset(row);
    view.setBigInt64(at + 8, zxid);
    view.setBigInt64(at + 32, time);
    view.setInt32(at + 40, version);
  }

  cversion(row: number): number {
    return this.view(row).getInt32(offset(row) + 44);
  }

  setCversion(row: number, cversion: number): void {
    this.view(row).setInt32(offset(row) + 44, cversion);
  }

  setAversion(row: number, aversion: number): void {
    this.view(row).setInt32(offset(row) + 48, aversion);
  }

  hasOwner(row: number): boolean {
    const view = this.view(row);
    const at = offset(row) + 52;
    return (view.getInt32(at) | view.getInt32(at + 4)) !== 0;
  }

  owner(row: number): bigint {
    return this.view(row).getBigInt64(offset(row) + 52);
  }

  acl(row: number): number {
    return this.view(row).getUint32(offset(row) + ACL);
  }

  setAcl(row: number, index: number): void {
    this.view(row).setUint32(offset(row) + ACL, index);
  }

  /** A row has a digest once this was called; see contentSum in digest.ts. */
  setContentSum(row: number, sum: number): void {
    const view = this.view(row);
    view.setUint32(offset(row) + CONTENT_SUM, sum);
    view.setUint8(offset(row) + DIGESTED, 1);
  }

  isDigested(row: number): boolean {
    return this.view(row).getUint8(offset(row) + DIGESTED) === 1;
  }

  digest(row: number): number {
    return this.view(row).getUint32(offset(row) + DIGEST);
  }

  /** Computes the digest from the row as it is now, keeps and returns it. */
  renewDigest(row: number): number {
    const view = this.view(row);
    const at = offset(row);
    const digest = crc32(this.block(row), view.getUint32(at + CONTENT_SUM), at, at + STAT_BYTES);
    view.setUint32(at + DIGEST, digest);
    return digest;
  }

  private view(row: number): DataView {
    return this.views[row >>> ROWS_SHIFT]!;
  }

  private block(row: number): Uint8Array {
    return this.bytes[row >>> ROWS_SHIFT]!;
  }
}

function offset(row: number): number {
  return (row & ROWS_MASK) * ROW_BYTES;
}
