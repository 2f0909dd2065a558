export type { SnapshotDigest, SnapshotTrailer } from './format';
export { readSnapshot, type SnapshotPart } from './readSnapshot';
export { SnapshotReader, type SnapshotEnd, type SnapshotReaderOptions } from './snapshotReader';
export { SnapshotWriter } from './snapshotWriter';
export { DIGEST_BYTES, FILE_HEADER_BYTES, SEAL_BYTES } from './format';
export { wholeStat } from './storedStat';
