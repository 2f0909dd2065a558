import { isZkferryError } from '../../model/errors';
import { ByteQueue } from './byteQueue';
import {
  DEFAULT_MAX_RECORD_BYTES,
  LEAST_TXN_BYTES,
  LOG_HEADER_BYTES,
  PREFIX_BYTES,
  flawOf,
  readLogHeader,
  RECORD_OVERHEAD_BYTES,
  ZXID_OFFSET,
  type LogHeader,
} from './format';
import { RecordSearch } from './recordSearch';

export interface LogRecord {
  /** Of its checksum, from the beginning of the file. */
  offset: number;
  /** The transaction, its checksum found right: a view of the chunks pushed, for `decodeTxn`. */
  bytes: Buffer;
}

/**
 * How a log file ends. Records come out only up to the first damage; what was read before it is sound.
 *
 * - complete: the records end at `endOffset`, and only zeros (preallocated space) follow, or nothing.
 * - torn: at `offset` begins something that is no whole record, and no whole record follows it anywhere: what a
 *   server leaves that died while writing. Bit rot in the very last record looks the same.
 * - corrupt: at `offset` is damage although a sound record begins later, at `resumesAt`: transactions between
 *   are lost. Also, without `resumesAt`, where the file is no log at all, and where so much after the damage
 *   looks like records that telling in bounded time is not possible.
 *
 * "A sound record" is one whose length, checksum and closing letter fit and whose zxid is above the last read:
 * so data that looks like a record by chance does not make a torn file corrupt, and a copy of a log inside a
 * znode's data errs towards corrupt.
 */
export type LogEnd =
  | { kind: 'complete'; endOffset: number }
  | { kind: 'torn'; offset: number; reason: string }
  | { kind: 'corrupt'; offset: number; reason: string; resumesAt?: number };

export interface LogScannerOptions {
  /** Longest transaction taken for one; default 64 MiB. At most about as much is kept in memory. */
  maxRecordBytes?: number;
}

/** Reads a log file of any size, chunk by chunk. Chunks must not be changed after they were pushed. */
export class LogScanner {
  private readonly queue = new ByteQueue();
  private readonly maxRecordBytes: number;
  private lastZxid: bigint | undefined;
  private damage: { offset: number; reason: string } | undefined;
  private search: RecordSearch | undefined;
  private paddingFrom: number | undefined;
  private end: LogEnd | undefined;
  /** Known once its 16 bytes were pushed and are right. */
  header: LogHeader | undefined;

  constructor({ maxRecordBytes = DEFAULT_MAX_RECORD_BYTES }: LogScannerOptions = {}) {
    this.maxRecordBytes = maxRecordBytes;
  }

  /** Where the records have ended, so far as zeros tell; undefined while they have not. A server reads no further. */
  get zerosFrom(): number | undefined {
    return this.damage === undefined ? this.paddingFrom : undefined;
  }

  /** The whole records this chunk completes. */
  push(chunk: Buffer): LogRecord[] {
    const records: LogRecord[] = [];
    if (this.end !== undefined) return records;
    this.queue.push(chunk);
    if (this.header === undefined && !this.readHeader()) return records;
    if (this.damage === undefined && this.paddingFrom === undefined) this.readRecords(records);
    if (this.paddingFrom !== undefined) this.passPadding();
    if (this.damage !== undefined) this.seekSound(false);
    return records;
  }

  /** The file has ended: how. */
  finish(): LogEnd {
    if (this.end !== undefined) return this.end;
    this.end = this.conclude();
    return this.end;
  }

  private conclude(): LogEnd {
    const { offset, length } = this.queue;
    if (this.header === undefined) {
      return { kind: 'torn', offset: 0, reason: `the file ends after ${length} bytes` };
    }
    if (this.damage === undefined) {
      if (this.paddingFrom !== undefined) return { kind: 'complete', endOffset: this.paddingFrom };
      if (isZero(this.queue.view(length), length)) return { kind: 'complete', endOffset: offset };
      this.found(`the file ends ${length} bytes into a record`);
    }
    this.seekSound(true);
    return this.end ?? { kind: 'torn', ...this.damage! };
  }

  private readHeader(): boolean {
    if (this.queue.length < LOG_HEADER_BYTES) return false;
    try {
      this.header = readLogHeader(this.queue.view(LOG_HEADER_BYTES));
    } catch (error) {
      if (!isZkferryError(error)) throw error;
      this.end = { kind: 'corrupt', offset: 0, reason: error.message };
      return false;
    }
    this.queue.skip(LOG_HEADER_BYTES);
    return true;
  }

  private readRecords(records: LogRecord[]): void {
    const { queue } = this;
    let view = queue.view(0);
    let at = 0;
    let wanted = PREFIX_BYTES;
    for (;;) {
      if (view.length - at < wanted) {
        queue.skip(at);
        at = 0;
        if (queue.length < wanted) return;
        view = queue.view(wanted);
      }
      wanted = PREFIX_BYTES;
      const length = view.readInt32BE(at + 8);
      if (length === 0 && isZero(view.subarray(at), PREFIX_BYTES)) {
        queue.skip(at);
        this.paddingFrom = queue.offset;
        return;
      }
      if (length < LEAST_TXN_BYTES || length > this.maxRecordBytes) {
        queue.skip(at);
        this.found(`a length of ${length}`);
        return;
      }
      const whole = length + RECORD_OVERHEAD_BYTES;
      if (view.length - at < whole) {
        wanted = whole;
        continue;
      }
      const reason = flawOf(view, at, length);
      if (reason !== undefined) {
        queue.skip(at);
        this.found(reason);
        return;
      }
      const start = at + PREFIX_BYTES;
      this.lastZxid = view.readBigInt64BE(start + ZXID_OFFSET);
      records.push({ offset: queue.offset + at, bytes: view.subarray(start, start + length) });
      at += whole;
    }
  }

  private found(reason: string): void {
    this.damage = { offset: this.queue.offset, reason };
    this.search = new RecordSearch(this.maxRecordBytes, this.lastZxid);
  }

  /** Preallocated space holds zeros; anything else there is damage that begins where the zeros do. */
  private passPadding(): void {
    const { queue } = this;
    const view = queue.view(queue.length);
    const zeros = countZeros(view);
    // A record itself begins with zeros: those of its checksum's upper half.
    queue.skip(Math.max(0, zeros - PREFIX_BYTES));
    if (zeros === view.length) return;
    this.found(`zeros, and something other after them`);
    this.damage!.offset = this.paddingFrom!;
  }

  private seekSound(last: boolean): void {
    const resumesAt = this.search!.advance(this.queue, last);
    if (resumesAt === undefined) return;
    const { gaveUp } = this.search!;
    this.end = { kind: 'corrupt', ...this.damage!, ...(gaveUp ? {} : { resumesAt }) };
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer, length: number): boolean {
  return countZeros(bytes.subarray(0, length)) === length;
}

/** Zeros at the beginning. Whole blocks are compared natively: padding is most of a young log. */
function countZeros(bytes: Buffer): number {
  let offset = 0;
  for (; offset < bytes.length; offset += ZEROS.length) {
    const length = Math.min(ZEROS.length, bytes.length - offset);
    if (bytes.compare(ZEROS, 0, length, offset, offset + length) !== 0) break;
  }
  while (offset < bytes.length && bytes[offset] === 0) offset += 1;
  return Math.min(offset, bytes.length);
}
