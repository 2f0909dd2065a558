/**
 * Chunks that arrive, looked at as one run of bytes. Joins them only when asked for more than the first holds, and
 * then no more than that: of a stream of records, those that lie across chunks are copied, once each.
 */
export class ByteQueue {
  private chunks: Buffer[] = [];
  /** Bytes of the first chunk that are used up. */
  private used = 0;
  /** Bytes at hand. */
  length = 0;
  /** Of the first byte at hand, counted from the beginning of everything pushed. */
  offset = 0;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** Bytes at hand from the first on, in one piece: at least `least`, which must be there. */
  view(least: number): Buffer {
    const first = this.chunks[0];
    if (first === undefined) return EMPTY;
    if (first.length - this.used >= least) return this.used === 0 ? first : this.trimmed(first);
    const joined = Buffer.allocUnsafe(least);
    let filled = 0;
    while (filled < least) {
      const chunk = this.chunks[0]!;
      const taken = chunk.copy(joined, filled, this.used);
      filled += taken;
      this.used += taken;
      if (this.used < chunk.length) break;
      this.chunks.shift();
      this.used = 0;
    }
    if (this.used > 0) this.trimmed(this.chunks[0]!);
    this.chunks.unshift(joined);
    return joined;
  }

  private trimmed(first: Buffer): Buffer {
    const rest = first.subarray(this.used);
    this.chunks[0] = rest;
    this.used = 0;
    return rest;
  }

  /** Lets go of the first `bytes`. */
  skip(bytes: number): void {
    this.length -= bytes;
    this.offset += bytes;
    this.used += bytes;
    while (this.chunks.length > 0 && this.used >= this.chunks[0]!.length) {
      this.used -= this.chunks.shift()!.length;
    }
  }
}

const EMPTY = Buffer.alloc(0);
