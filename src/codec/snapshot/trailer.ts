import { adler32 } from '../txnLog/adler32';
import { DIGEST_BYTES, LAST_ZXID_BYTES, SEAL_BYTES, type SnapshotTrailer } from './format';
import type { SnapshotEnd } from './snapshotReader';

const SLASH = 0x2f;
const WITH_DIGEST_BYTES = SEAL_BYTES + DIGEST_BYTES + SEAL_BYTES;
const WITH_ZXID_BYTES = SEAL_BYTES + LAST_ZXID_BYTES + SEAL_BYTES;
/** All three seals. */
export const MOST_TRAILER_BYTES = WITH_DIGEST_BYTES + LAST_ZXID_BYTES + SEAL_BYTES;
const WHOLE = [SEAL_BYTES, WITH_ZXID_BYTES, WITH_DIGEST_BYTES, MOST_TRAILER_BYTES];

/**
 * Everything after the nodes, which begins at `offset` of the file; `checksum`: of all before. Which sections
 * there are is told by the length alone, as nothing in the bytes names them; every seal must fit.
 */
export function readTrailer(bytes: Buffer, offset: number, checksum: number): SnapshotEnd {
  const end = offset + bytes.length;
  if (!WHOLE.includes(bytes.length)) {
    return { kind: 'truncated', offset: end, reason: 'it ends within its checksums' };
  }
  const trailer: SnapshotTrailer = {};
  let running = checksum;
  let at = 0;
  /** Checks the seal at `at`, and passes over the section before it. */
  const seal = (sectionBytes: number): boolean => {
    running = adler32(running, bytes, at - sectionBytes, at);
    if (!sealFits(bytes, at, running)) return false;
    running = adler32(running, bytes, at, at + SEAL_BYTES);
    at += SEAL_BYTES;
    return true;
  };
  const broken = (): SnapshotEnd => ({
    kind: 'corrupt',
    offset: offset + at,
    reason: 'a checksum that does not fit what is before it',
  });
  if (!seal(0)) return broken();
  if (bytes.length - at >= DIGEST_BYTES + SEAL_BYTES) {
    trailer.digest = {
      zxid: bytes.readBigInt64BE(at),
      version: bytes.readInt32BE(at + 8),
      digest: bytes.readBigInt64BE(at + 12),
    };
    at += DIGEST_BYTES;
    if (!seal(DIGEST_BYTES)) return broken();
  }
  if (bytes.length > at) {
    trailer.lastZxid = bytes.readBigInt64BE(at);
    at += LAST_ZXID_BYTES;
    if (!seal(LAST_ZXID_BYTES)) return broken();
  }
  return { kind: 'complete', endOffset: end, trailer };
}

const sealFits = (bytes: Buffer, at: number, checksum: number): boolean =>
  bytes.readUInt32BE(at) === 0 &&
  bytes.readUInt32BE(at + 4) === checksum &&
  bytes.readInt32BE(at + 8) === 1 &&
  bytes[at + 12] === SLASH;
