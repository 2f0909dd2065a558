/**
 * Strings as a server writes them (BinaryOutputArchive.stringToByteBuffer): every UTF-16 unit by itself in one
 * to three bytes. That is UTF-8 up to U+FFFF; beyond, two surrogates of three bytes each, which a UTF-8 decoder
 * would replace. Both directions are exact: what decodes encodes to the same bytes, and anything else is refused.
 */
import type { JuteWriter } from '../jute';

/** Undefined where the bytes are not what a server writes for any string. */
export function decodeJavaString(bytes: Buffer, start: number, end: number): string | undefined {
  for (let offset = start; offset < end; offset += 1) {
    if (bytes[offset]! >= 0x80) return decodeUnits(bytes, start, end);
  }
  return bytes.toString('latin1', start, end);
}

function decodeUnits(bytes: Buffer, start: number, end: number): string | undefined {
  const units = new Uint16Array(end - start);
  let count = 0;
  for (let offset = start; offset < end; count += 1) {
    const first = bytes[offset]!;
    if (first < 0x80) {
      units[count] = first;
      offset += 1;
      continue;
    }
    const second = offset + 1 < end ? bytes[offset + 1]! : 0;
    if ((second & 0xc0) !== 0x80) return undefined;
    if ((first & 0xe0) === 0xc0) {
      const unit = ((first & 0x1f) << 6) | (second & 0x3f);
      if (unit < 0x80) return undefined;
      units[count] = unit;
      offset += 2;
      continue;
    }
    const third = offset + 2 < end ? bytes[offset + 2]! : 0;
    if ((first & 0xf0) !== 0xe0 || (third & 0xc0) !== 0x80) return undefined;
    const unit = ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
    if (unit < 0x800) return undefined;
    units[count] = unit;
    offset += 3;
  }
  return Buffer.from(units.buffer, 0, count * 2).toString('utf16le');
}

/** Appends the length and the bytes. */
export function writeJavaString(writer: JuteWriter, value: string): void {
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      writer.buffer(encodeUnits(value));
      return;
    }
  }
  writer.string(value);
}

function encodeUnits(value: string): Buffer {
  const bytes = Buffer.allocUnsafe(value.length * 3);
  let end = 0;
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit < 0x80) bytes[end++] = unit;
    else if (unit < 0x800) {
      bytes[end++] = 0xc0 | (unit >> 6);
      bytes[end++] = 0x80 | (unit & 0x3f);
    } else {
      bytes[end++] = 0xe0 | (unit >> 12);
      bytes[end++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[end++] = 0x80 | (unit & 0x3f);
    }
  }
  return bytes.subarray(0, end);
}
