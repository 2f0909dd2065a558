/**
 * Chunks that arrive, looked at as one run of bytes. Joins them only when asked for more than the first holds, and
 * then all at once, so that a long record over many chunks is copied once.
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

  /** All bytes at hand from the first on, in one piece of at least `least` bytes, which must be there. */
  view(least: number): Buffer {
    const first = this.chunks[0];
    if (first === undefined) return EMPTY;
    if (first.length - this.used >= least) return this.used === 0 ? first : this.trimmed(first);
    const rest = this.used === 0 ? this.chunks : [this.trimmed(first), ...this.chunks.slice(1)];
    const joined = Buffer.concat(rest, this.length);
    this.chunks = [joined];
    this.used = 0;
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
