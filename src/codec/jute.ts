/** Jute's binary encoding: big-endian, lengths before strings, buffers and vectors, -1 for null. */
import { ZkferryError } from '../model/errors';

export class JuteWriter {
  private readonly parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeInt32BE(value);
    this.parts.push(part);
    return this;
  }

  long(value: bigint): this {
    const part = Buffer.allocUnsafe(8);
    part.writeBigInt64BE(value);
    this.parts.push(part);
    return this;
  }

  bool(value: boolean): this {
    this.parts.push(Buffer.from([value ? 1 : 0]));
    return this;
  }

  buffer(value: Buffer | null): this {
    if (value === null) return this.int(-1);
    this.int(value.length);
    this.parts.push(value);
    return this;
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value, 'utf8'));
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  /** With the length prefix that packets on a socket have. */
  frame(): Buffer {
    const length = this.parts.reduce((sum, part) => sum + part.length, 0);
    const prefix = Buffer.allocUnsafe(4);
    prefix.writeInt32BE(length);
    return Buffer.concat([prefix, ...this.parts]);
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

  /** Null reads as empty. */
  string(): string {
    return this.buffer()?.toString('utf8') ?? '';
  }

  /** `leastBytes`: what an element takes at least, the bound for the length claimed. Null reads as empty. */
  vector<T>(leastBytes: number, element: () => T): T[] {
    const length = this.int();
    if (length > this.remaining / leastBytes) throw malformed(`a vector of ${length} elements`);
    return Array.from({ length: Math.max(0, length) }, element);
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
