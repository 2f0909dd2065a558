/**
 * CRC-32 (IEEE, the one of java.util.zip.CRC32 and zlib), chainable: `crc32(b, crc32(a))` is the sum
 * of a followed by b. Node has it natively from 20.15 on; a call into it only pays for longer input.
 */
import * as zlib from 'node:zlib';

const TABLES = 8;

/** Eight tables of 256, one after another: slicing-by-8. */
const table = ((): Uint32Array => {
  const sums = new Uint32Array(TABLES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    sums[byte] = sum;
  }
  for (let i = 256; i < sums.length; i++) {
    const previous = sums[i - 256] as number;
    sums[i] = (previous >>> 8) ^ (sums[previous & 0xff] as number);
  }
  return sums;
})();

const native = (zlib as { crc32?: (bytes: Uint8Array, sum: number) => number }).crc32;

/** Measured on Node 20: below this many bytes the tables are faster than the call. */
const NATIVE_FROM_BYTES = 384;

/** The sum of `bytes[start..end)` after `sum`, 0..2^32-1. */
export function crc32(bytes: Uint8Array, sum = 0, start = 0, end = bytes.length): number {
  if (native !== undefined && end - start >= NATIVE_FROM_BYTES) {
    return native(bytes.subarray(start, end), sum);
  }
  return crc32ByTable(bytes, sum, start, end);
}

/** The same without the native function; exported so that a test can hold the two against each other. */
export function crc32ByTable(bytes: Uint8Array, sum: number, start: number, end: number): number {
  // Typed arrays read inside their bounds below, so the assertions only silence noUncheckedIndexedAccess.
  let crc = ~sum;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      table[1792 + (crc & 0xff)]! ^
      table[1536 + ((crc >>> 8) & 0xff)]! ^
      table[1280 + ((crc >>> 16) & 0xff)]! ^
      table[1024 + (crc >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/**
 * The sum of a text's bytes: as UTF-8, or in `ascii`, where a character above 127 is one `?`, as
 * Java encodes in a locale that has no more.
 */
export function crc32OfText(text: string, charset: Charset): number {
  let crc = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return crc32(encoded(text, charset));
    crc = (crc >>> 8) ^ table[(crc ^ code) & 0xff]!;
  }
  return ~crc >>> 0;
}

export type Charset = 'utf8' | 'ascii';

function encoded(text: string, charset: Charset): Buffer {
  return Buffer.from(charset === 'utf8' ? text : text.replace(/[^\0-\x7f]/gu, '?'));
}
