/** Jute's binary encoding: big-endian, lengths before strings, buffers and vectors, -1 for null. */
import { ZkferryError } from '../model/errors';
import { decodeJavaString } from './txn/javaString';

const LEAST_CAPACITY_BYTES = 256;
const FRAME_PREFIX_BYTES = 4;
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;
const REPLACED = '\ufffd';

/** Writes into one growing buffer. What `bytes` and `frame` return is a view that later writes do not change, except by `clear`. */
export class JuteWriter {
  private target: Buffer;
  private end = FRAME_PREFIX_BYTES;

  constructor(capacityBytes = LEAST_CAPACITY_BYTES) {
    this.target = Buffer.allocUnsafe(Math.max(LEAST_CAPACITY_BYTES, capacityBytes));
  }

  /** Bytes written. */
  get length(): number {
    return this.end - FRAME_PREFIX_BYTES;
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.target.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.end + bytes, this.target.length * 2));
    this.target.copy(grown, 0, 0, this.end);
    this.target = grown;
  }

  int(value: number): this {
    this.reserve(4);
    this.end = this.target.writeInt32BE(value, this.end);
    return this;
  }

  long(value: bigint): this {
    this.reserve(8);
    this.end = this.target.writeBigInt64BE(value, this.end);
    return this;
  }

  bool(value: boolean): this {
    this.reserve(1);
    this.end = this.target.writeUInt8(value ? 1 : 0, this.end);
    return this;
  }

  buffer(value: Buffer | null): this {
    if (value === null) return this.int(-1);
    return this.int(value.length).raw(value);
  }

  string(value: string): this {
    this.reserve(4 + value.length * MOST_BYTES_PER_UNIT);
    const length = this.target.write(value, this.end + 4, 'utf8');
    this.target.writeInt32BE(length, this.end);
    this.end += 4 + length;
    return this;
  }

  /** Overwrites four bytes written before; `offset` counts from the first byte of `bytes()`. */
  patchInt(offset: number, value: number): this {
    this.target.writeInt32BE(value, FRAME_PREFIX_BYTES + offset);
    return this;
  }

  /** Bytes as they are, without a length. */
  raw(value: Buffer): this {
    this.reserve(value.length);
    value.copy(this.target, this.end);
    this.end += value.length;
    return this;
  }

  bytes(): Buffer {
    return this.target.subarray(FRAME_PREFIX_BYTES, this.end);
  }

  /** With the length prefix that packets on a socket have. */
  frame(): Buffer {
    this.target.writeInt32BE(this.length, 0);
    return this.target.subarray(0, this.end);
  }

  /** Forgets what was written and keeps the memory: views handed out before are overwritten. */
  clear(): this {
    this.end = FRAME_PREFIX_BYTES;
    return this;
  }
}

/** Reads only what is there: a length beyond the end is refused before anything is allocated for it. */
export class JuteReader {
  private offset = 0;

  constructor(private readonly bytes: Buffer) {}

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  private take(length: number): Buffer {
    if (length < 0 || length > this.remaining) {
      throw malformed(`${length} bytes wanted, ${this.remaining} left at offset ${this.offset}`);
    }
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  int(): number {
    return this.take(4).readInt32BE();
  }

  long(): bigint {
    return this.take(8).readBigInt64BE();
  }

  bool(): boolean {
    return this.take(1)[0] !== 0;
  }

  /** A view of the bytes, not a copy; null for length -1. */
  buffer(): Buffer | null {
    const length = this.int();
    return length === -1 ? null : this.take(length);
  }

  /** Null reads as empty. Beyond U+FFFF a server sends two surrogates, which a UTF-8 decoder replaces. */
  string(): string {
    const bytes = this.buffer() ?? Buffer.alloc(0);
    const text = bytes.toString('utf8');
    if (!text.includes(REPLACED)) return text;
    return decodeJavaString(bytes, 0, bytes.length) ?? text;
  }

  /** `leastBytes`: what an element takes at least, the bound for the length claimed. Null reads as empty. */
  vector<T>(leastBytes: number, element: () => T): T[] {
    const length = this.int();
    if (length > this.remaining / leastBytes) throw malformed(`a vector of ${length} elements`);
    return Array.from({ length: Math.max(0, length) }, element);
  }

  skip(length: number): void {
    this.take(length);
  }

  /** The next `length` bytes: a view, not a copy. */
  fixed(length: number): Buffer {
    return this.take(length);
  }

  rest(): Buffer {
    return this.take(this.remaining);
  }
}

function malformed(detail: string): ZkferryError {
  return new ZkferryError(
    'ZooKeeperUnavailable',
    `malformed record (${detail}): this is not what ZooKeeper sends`,
    { details: { code: 'MarshallingError' } },
  );
}
