/** Cursors of pages that others' words are in: only such that this server has given are taken. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ZkferryError } from '../model/errors';

const MAC_CHARS = 22;

const macOf = (key: Uint8Array, cursor: string): string =>
  createHmac('sha256', key).update(`cursor ${cursor}`).digest('base64url').slice(0, MAC_CHARS);

export const signedCursor = (key: Uint8Array, cursor: string): string =>
  `${cursor}.${macOf(key, cursor)}`;

/** @throws InvalidInput for one that was not given, or was altered */
export function openedCursor(key: Uint8Array, signed: string): string {
  const at = signed.lastIndexOf('.');
  const [cursor, mac] = [signed.slice(0, Math.max(at, 0)), Buffer.from(signed.slice(at + 1))];
  const expected = Buffer.from(macOf(key, cursor));
  if (mac.length === expected.length && timingSafeEqual(mac, expected)) return cursor;
  throw new ZkferryError('InvalidInput', 'cursor: expected nextCursor of the page before');
}
