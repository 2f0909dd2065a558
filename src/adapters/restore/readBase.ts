/** The base of a restore, chunk by chunk. */
import { createReadStream } from 'node:fs';
import type { SnapshotNode, SnapshotTables } from '../../codec/records';
import { SnapshotReader, type SnapshotDigest } from '../../codec/snapshot';
import { notWhole } from '../source/snapshotFile';
import { refuseFuzzy, type RestoreInput } from './input';

const CHUNK_BYTES = 1 << 20;

export interface BaseChunk {
  /** As it lies in the file. */
  bytes: Buffer;
  /** Known before the first node comes out. */
  tables: SnapshotTables | undefined;
  nodes: SnapshotNode[];
}

export interface BaseEnd {
  digest: SnapshotDigest | undefined;
  /** As the input says it, or a later one that the file's own digest names. */
  usableFrom: bigint | undefined;
}

/**
 * Every chunk of the file; returns what stands after its nodes.
 *
 * @throws ZkferryError BackupInvalid, after the last chunk, where the file is not whole; NotRestorable where it has
 *   parts of transactions after the one that is wanted
 */
export async function* readBase(
  input: RestoreInput,
  signal?: AbortSignal,
): AsyncGenerator<BaseChunk, BaseEnd> {
  refuseFuzzy(input);
  const reader = new SnapshotReader();
  const chunks = createReadStream(input.snapshotFile, { highWaterMark: CHUNK_BYTES });
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    const bytes = chunk as Buffer;
    const nodes = reader.push(bytes);
    yield { bytes, nodes, tables: reader.tables };
  }
  const end = reader.finish();
  if (end.kind !== 'complete') throw notWhole(input.snapshotFile, end);
  const { digest } = end.trailer;
  const usableFrom = laterOf(input.usableFrom, fuzzyUntil(input, digest));
  refuseFuzzy({ ...input, ...(usableFrom !== undefined && { usableFrom }) });
  return { digest, usableFrom };
}

/** A digest of an earlier epoch than the file's name says nothing (DataTree.deserializeZxidDigest). */
const fuzzyUntil = (
  { snapshotZxid }: RestoreInput,
  digest: SnapshotDigest | undefined,
): bigint | undefined =>
  digest !== undefined && digest.zxid >= snapshotZxid ? digest.zxid : undefined;

const laterOf = (one: bigint | undefined, other: bigint | undefined): bigint | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one;
