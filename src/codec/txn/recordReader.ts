import type { AclEntry } from '../records';
import { corruptData, unsupportedTxn } from './errors';
import { decodeJavaString } from './javaString';

/** An ACL entry takes a number and two lengths at least. */
const ACL_LEAST_BYTES = 12;
const STRING_LEAST_BYTES = 4;

/**
 * Reads what a server serialised. Stricter than JuteReader: whatever would not be written back byte for byte is
 * refused (CorruptData; null strings, which no server writes, as UnsupportedTxn).
 */
export class RecordReader {
  constructor(
    private readonly bytes: Buffer,
    private offset = 0,
    private readonly end = bytes.length,
  ) {}

  get position(): number {
    return this.offset;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  private advance(length: number): number {
    const start = this.offset;
    if (length < 0 || length > this.end - start) {
      throw corruptData(`${length} bytes wanted and ${this.end - start} left`, start);
    }
    this.offset = start + length;
    return start;
  }

  int(): number {
    return this.bytes.readInt32BE(this.advance(4));
  }

  /** The int that comes next, unread. */
  peekInt(): number {
    const value = this.int();
    this.offset -= 4;
    return value;
  }

  long(): bigint {
    return this.bytes.readBigInt64BE(this.advance(8));
  }

  bool(): boolean {
    const value = this.bytes[this.advance(1)]!;
    if (value > 1) throw corruptData(`a truth value of ${value}`, this.offset - 1);
    return value === 1;
  }

  /** A view, not a copy; null for length -1. */
  buffer(): Buffer | null {
    const length = this.int();
    if (length === -1) return null;
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  string(): string {
    const length = this.int();
    if (length === -1) throw unsupportedTxn('a record with a null string');
    const start = this.advance(length);
    const text = decodeJavaString(this.bytes, start, start + length);
    if (text === undefined) throw corruptData('a string that is not as Java writes it', start);
    return text;
  }

  /** Of a vector: -1 for null, otherwise no more than the bytes left can hold. */
  count(leastBytes: number): number {
    const count = this.int();
    if (count < -1 || count > this.remaining / leastBytes) {
      throw corruptData(`a list of ${count} elements`, this.offset - 4);
    }
    return count;
  }

  strings(): string[] {
    const count = this.count(STRING_LEAST_BYTES);
    if (count === -1) throw unsupportedTxn('a record with a null list of paths');
    const strings: string[] = [];
    for (let index = 0; index < count; index += 1) strings.push(this.string());
    return strings;
  }

  acl(): AclEntry[] | null {
    const count = this.count(ACL_LEAST_BYTES);
    if (count === -1) return null;
    const acl: AclEntry[] = [];
    for (let index = 0; index < count; index += 1) {
      acl.push({ perms: this.int(), scheme: this.string(), id: this.string() });
    }
    return acl;
  }

  /** All that is left, as it is. */
  rest(): Buffer {
    return this.bytes.subarray(this.advance(this.remaining), this.end);
  }

  /** The next `length` bytes, to be read apart; offsets count from the same beginning. */
  part(length: number): RecordReader {
    const start = this.advance(length);
    return new RecordReader(this.bytes, start, start + length);
  }
}
