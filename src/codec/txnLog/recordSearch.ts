import type { ByteQueue } from './byteQueue';
import {
  flawOf,
  LEAST_TXN_BYTES,
  PREFIX_BYTES,
  RECORD_END,
  RECORD_OVERHEAD_BYTES,
  ZXID_OFFSET,
} from './format';

/** Checksums are computed over at most so many times the bytes looked at, whatever lengths these claim. */
const EFFORT_FACTOR = 4;
const EFFORT_AT_ONCE_BYTES = 1 << 20;

/** Looks for a sound record after damage, at every byte. */
export class RecordSearch {
  private at = 0;
  /** Bytes at hand below which nothing can be decided. */
  private wanted = 0;
  private effortBytes = 0;
  private seenBytes = 0;
  /** More looks like records than can be checked in bounded time: whether one is sound is not known. */
  gaveUp = false;

  constructor(
    private readonly maxRecordBytes: number,
    private readonly lastZxid: bigint | undefined,
  ) {}

  /**
   * Where a sound record begins; undefined if none is known yet. Uses up what cannot begin one. `last`: no more
   * bytes will come. Where it gave up (`gaveUp`), the place where it did.
   */
  advance(queue: ByteQueue, last: boolean): number | undefined {
    if (queue.length < this.wanted && !last) return undefined;
    this.wanted = 0;
    const view = queue.view(queue.length);
    for (; view.length - this.at >= RECORD_OVERHEAD_BYTES + LEAST_TXN_BYTES; this.at += 1) {
      const { at } = this;
      const length = this.claimedLength(view, at);
      if (length === undefined) continue;
      if (view.length - at < length + RECORD_OVERHEAD_BYTES) {
        if (last) continue;
        this.wanted = length + RECORD_OVERHEAD_BYTES;
        break;
      }
      if (view[at + PREFIX_BYTES + length] !== RECORD_END) continue;
      if (flawOf(view, at, length) === undefined) return queue.offset + at;
      this.effortBytes += length;
      const seenBytes = this.seenBytes + at;
      const boundBytes = EFFORT_AT_ONCE_BYTES + this.maxRecordBytes + EFFORT_FACTOR * seenBytes;
      if (this.effortBytes > boundBytes) this.gaveUp = true;
      if (this.gaveUp) return queue.offset + at;
    }
    const done = Math.min(this.at, queue.length);
    queue.skip(done);
    this.at -= done;
    this.seenBytes += done;
    return undefined;
  }

  /** Undefined where no record can begin: told from its first bytes, without its checksum. */
  private claimedLength(view: Buffer, at: number): number | undefined {
    if (view[at] !== 0 || view.readUInt32BE(at) !== 0) return undefined;
    const length = view.readInt32BE(at + 8);
    if (length < LEAST_TXN_BYTES || length > this.maxRecordBytes) return undefined;
    const zxid = view.readBigInt64BE(at + PREFIX_BYTES + ZXID_OFFSET);
    return this.lastZxid === undefined || zxid > this.lastZxid ? length : undefined;
  }
}
