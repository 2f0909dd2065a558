const BASE = 65_521;
/** zlib's NMAX is 5552: after so many bytes the sums still fit 32 bits. A multiple of 8 below it. */
const MOST_BEFORE_MODULO = 5_552;

/**
 * Adler-32 of `bytes[start … end)` going on from `state`; a stream begins with 1. 0 … 2^32−1, which the files
 * hold as a long.
 */
export function adler32(
  state: number,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): number {
  let low = state & 0xffff;
  let high = state >>> 16;
  for (let offset = start; offset < end;) {
    const stop = Math.min(offset + MOST_BEFORE_MODULO, end);
    const unrolled = stop - 7;
    for (; offset < unrolled; offset += 8) {
      const a = bytes[offset]!;
      const b = a + bytes[offset + 1]!;
      const c = b + bytes[offset + 2]!;
      const d = c + bytes[offset + 3]!;
      const e = d + bytes[offset + 4]!;
      const f = e + bytes[offset + 5]!;
      const g = f + bytes[offset + 6]!;
      const h = g + bytes[offset + 7]!;
      high += 8 * low + a + b + c + d + e + f + g + h;
      low += h;
    }
    for (; offset < stop; offset += 1) {
      low += bytes[offset]!;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return ((high << 16) | low) >>> 0;
}
