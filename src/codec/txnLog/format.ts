/** The log file's layout (FileTxnLog.java): header, then checksum, length, transaction and the letter B, again and again. */
import { ZkferryError } from '../../model/errors';
import { corruptData } from '../txn/errors';
import { adler32 } from './adler32';

const MAGIC = 'ZKLG';
const VERSION = 2;
/** Magic, version, dbId. */
export const LOG_HEADER_BYTES = 16;
/** long checksum, int length. */
export const PREFIX_BYTES = 12;
/** Ends each record: the letter B. */
export const RECORD_END = 0x42;
/** Prefix and end. */
export const RECORD_OVERHEAD_BYTES = PREFIX_BYTES + 1;
/** A transaction has a header of 32 bytes, and none has less. */
export const LEAST_TXN_BYTES = 32;
/** Far above what jute.maxbuffer (1 MiB by default) lets a server write. */
export const DEFAULT_MAX_RECORD_BYTES = 64 << 20;

export interface LogHeader {
  version: number;
  /** 0 in every file ZooKeeper has written so far. */
  dbId: bigint;
}

/** Of the first 16 bytes. CorruptData where they are not a log's, Unsupported for another version of the layout. */
export function readLogHeader(bytes: Buffer): LogHeader {
  if (bytes.length < LOG_HEADER_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC) {
    throw corruptData('no transaction log: the letters ZKLG are missing', 0);
  }
  const version = bytes.readInt32BE(4);
  if (version !== VERSION) {
    throw new ZkferryError(
      'Unsupported',
      `a transaction log of version ${version}: zkferry reads version ${VERSION}, which ZooKeeper 3.4 to 3.9 write`,
    );
  }
  return { version, dbId: bytes.readBigInt64BE(8) };
}

export function encodeLogHeader(dbId = 0n): Buffer {
  const bytes = Buffer.alloc(LOG_HEADER_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeInt32BE(VERSION, 4);
  bytes.writeBigInt64BE(dbId, 8);
  return bytes;
}

/** `txn`: what `encodeTxn` gives, or what the quorum port sent. */
export function encodeLogRecord(txn: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(txn.length + RECORD_OVERHEAD_BYTES);
  bytes.writeUInt32BE(0, 0);
  bytes.writeUInt32BE(adler32(1, txn), 4);
  bytes.writeInt32BE(txn.length, 8);
  txn.copy(bytes, PREFIX_BYTES);
  bytes[bytes.length - 1] = RECORD_END;
  return bytes;
}

/** In a transaction: after the session id and the request's number. */
export const ZXID_OFFSET = 12;

/** What is wrong with the record at `at`, all of which is there; undefined if nothing. */
export function flawOf(view: Buffer, at: number, length: number): string | undefined {
  const start = at + PREFIX_BYTES;
  if (view[start + length] !== RECORD_END) return 'a record without its end mark';
  const checksum = view.readUInt32BE(at + 4);
  if (view.readUInt32BE(at) !== 0 || adler32(1, view, start, start + length) !== checksum) {
    return 'a checksum that does not fit';
  }
  return undefined;
}
