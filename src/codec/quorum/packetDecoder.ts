/**
 * Quorum packets out of a stream of bytes. They have no outer length: every field's own length is
 * checked, against a bound, before anything waits for that many bytes.
 */
import { ZkferryError } from '../../model/errors';
import type { QuorumPacket } from './packet';

/** Most one packet's data may take: above any jute.maxbuffer seen in practice (default 1 MiB). */
export const MAX_PACKET_BYTES = 64 * 1024 * 1024;
/** A packet to a learner carries credentials only where it came from one; a few at most. */
const MAX_AUTH_ENTRIES = 64;
const MAX_AUTH_BYTES = 64 * 1024;
const HEAD_BYTES = 16;

/**
 * `push` bytes as they come, then call `next` until it gives undefined. Keeps at most one incomplete packet,
 * or whatever was pushed and not asked for. ZooKeeperUnavailable (`details.code` MarshallingError) for
 * lengths no server sends; nothing can be read after that.
 */
export class QuorumPacketDecoder {
  private current: Buffer = Buffer.alloc(0);
  private offset = 0;
  private later: Buffer[] = [];
  private laterBytes = 0;
  /** Bytes the packet at `offset` is known to need: joined only once they are there. */
  private needed = HEAD_BYTES;

  constructor(private readonly maxPacketBytes = MAX_PACKET_BYTES) {}

  /** Bytes pushed and not yet given out. */
  get buffered(): number {
    return this.current.length - this.offset + this.laterBytes;
  }

  push(chunk: Buffer): void {
    if (this.offset === this.current.length) {
      this.current = chunk;
      this.offset = 0;
    } else {
      this.later.push(chunk);
      this.laterBytes += chunk.length;
    }
  }

  next(): QuorumPacket | undefined {
    for (;;) {
      if (this.current.length - this.offset < this.needed && !this.join()) return undefined;
      const length = this.measure();
      if (length <= this.current.length - this.offset) return this.take(length);
      this.needed = length;
    }
  }

  /** All that was pushed and not given out, which then is another's to read. */
  takeRest(): Buffer {
    this.joinAll();
    const rest = this.current.subarray(this.offset);
    this.current = Buffer.alloc(0);
    this.offset = 0;
    this.needed = HEAD_BYTES;
    return rest;
  }

  private join(): boolean {
    if (this.buffered < this.needed || this.laterBytes === 0) return false;
    this.joinAll();
    return true;
  }

  private joinAll(): void {
    if (this.later.length === 0) return;
    this.current = Buffer.concat([this.current.subarray(this.offset), ...this.later]);
    this.offset = 0;
    this.later = [];
    this.laterBytes = 0;
  }

  /** Bytes the packet takes, or, where a length is not there yet, those up to and with that length. */
  private measure(): number {
    const { current, offset } = this;
    const available = current.length - offset;
    if (available < HEAD_BYTES) return HEAD_BYTES;
    const dataBytes = lengthAt(current, offset + 12, this.maxPacketBytes, 'data');
    let end = HEAD_BYTES + dataBytes + 4;
    if (available < end) return end;
    const entries = lengthAt(current, offset + end - 4, MAX_AUTH_ENTRIES, 'authinfo');
    // Two strings an entry: scheme and id.
    for (let strings = entries * 2; strings > 0; strings -= 1) {
      end += 4;
      if (available < end) return end;
      end += lengthAt(current, offset + end - 4, MAX_AUTH_BYTES, 'authinfo');
    }
    return end;
  }

  private take(length: number): QuorumPacket {
    const { current, offset } = this;
    const dataBytes = current.readInt32BE(offset + 12);
    const start = offset + HEAD_BYTES;
    this.offset = offset + length;
    this.needed = HEAD_BYTES;
    return {
      type: current.readInt32BE(offset),
      zxid: current.readBigInt64BE(offset + 4),
      data: dataBytes === -1 ? null : current.subarray(start, start + dataBytes),
    };
  }
}

function lengthAt(bytes: Buffer, offset: number, most: number, field: string): number {
  const length = bytes.readInt32BE(offset);
  if (length === -1) return 0;
  if (length < 0 || length > most) {
    throw new ZkferryError(
      'ZooKeeperUnavailable',
      `malformed quorum packet (${field} of ${length}, at most ${most}): this is not what a leader sends, or its jute.maxbuffer is larger than that`,
      { retryable: true, details: { code: 'MarshallingError' } },
    );
  }
  return length;
}
