/** Zxids as documents write them (`0x…`) and as keys do: 16 lower-case hex digits, so that their order is that of the text. */

/** `0x…`, the shortest way to write it. */
export const zxidText = (zxid: bigint): string => `0x${BigInt.asUintN(64, zxid).toString(16)}`;

/** Of `0x…`. */
export const zxidValue = (text: string): bigint => BigInt(text);

export const hex16 = (zxid: string | bigint): string =>
  BigInt.asUintN(64, BigInt(zxid)).toString(16).padStart(16, '0');

/** `0x…` of 16 hex digits. */
export const fromHex16 = (digits: string): string => zxidText(BigInt(`0x${digits}`));

/** Below 0 where `a` comes first, 0 where they are the same. */
export function compareZxids(a: string, b: string): number {
  const [left, right] = [BigInt(a), BigInt(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export const maxZxid = (a: string, b: string): string => (compareZxids(a, b) < 0 ? b : a);

export const minZxid = (a: string, b: string): string => (compareZxids(a, b) < 0 ? a : b);
