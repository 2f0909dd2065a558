/**
 * Where a zstd frame ends and how much it says it holds (RFC 8878, 3.1.1), so that frames are taken one by one, and none
 * that would fill the memory is decompressed at all.
 */
const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const CHECKSUM_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/**
 * - whole: the frame is the first `bytes` of the buffer and says that it holds `plainBytes`
 * - partial: so far it is one, and more is needed
 * - invalid: no frame, or one that does not say how much it holds
 */
export type ZstdFrame =
  | { kind: 'whole'; bytes: number; plainBytes: number }
  | { kind: 'partial' }
  | { kind: 'invalid'; reason: string };

const invalid = (reason: string): ZstdFrame => ({ kind: 'invalid', reason });
const PARTIAL: ZstdFrame = { kind: 'partial' };

/** Of the frame that begins where `bytes` does. */
export function measureZstdFrame(bytes: Buffer): ZstdFrame {
  const header = readHeader(bytes);
  if (!('headerBytes' in header)) return header;
  let at = header.headerBytes;
  for (;;) {
    if (bytes.length < at + BLOCK_HEADER_BYTES) return PARTIAL;
    const block = bytes.readUIntLE(at, BLOCK_HEADER_BYTES);
    const type = (block >> 1) & 3;
    if (type === BLOCK_RESERVED) return invalid('a block of the reserved type');
    at += BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : block >> 3);
    if ((block & 1) === 1) break;
  }
  at += header.hasChecksum ? CHECKSUM_BYTES : 0;
  if (bytes.length < at) return PARTIAL;
  return { kind: 'whole', bytes: at, plainBytes: header.plainBytes };
}

function readHeader(
  bytes: Buffer,
): ZstdFrame | { headerBytes: number; plainBytes: number; hasChecksum: boolean } {
  if (bytes.length < 5) return PARTIAL;
  if (bytes.readUInt32LE(0) !== MAGIC) return invalid('the mark of a zstd frame is missing');
  const descriptor = bytes[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag]!;
  if (sizeBytes === 0) return invalid('a zstd frame that does not say how much it holds');
  const at = 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]!;
  if (bytes.length < at + sizeBytes) return PARTIAL;
  return {
    headerBytes: at + sizeBytes,
    plainBytes: readContentSize(bytes, at, sizeBytes),
    hasChecksum: (descriptor & 4) !== 0,
  };
}

function readContentSize(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at));
  const size = bytes.readUIntLE(at, sizeBytes);
  return sizeBytes === 2 ? size + 256 : size;
}
