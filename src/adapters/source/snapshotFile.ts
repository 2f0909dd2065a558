/** A snapshot file read in batches of nodes, as often as wanted. */
import { createReadStream } from 'node:fs';
import type { SnapshotTables, ZnodeRecord } from '../../codec/records';
import { SnapshotReader } from '../../codec/snapshot';
import { ZkferryError } from '../../model/errors';

const CHUNK_BYTES = 1 << 20;

/** First the tables, then the nodes. BackupInvalid for a file that is not whole. */
export async function* readSnapshot(
  file: string,
): AsyncGenerator<{ tables: SnapshotTables; nodes: ZnodeRecord[] }> {
  const reader = new SnapshotReader();
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    const nodes = reader.push(chunk as Buffer);
    if (reader.tables !== undefined) yield { tables: reader.tables, nodes };
  }
  const end = reader.finish();
  if (end.kind === 'complete') return;
  throw new ZkferryError(
    'BackupInvalid',
    `the snapshot ${file} is ${end.kind} at offset ${end.offset}: ${end.reason}`,
    { details: { end } },
  );
}
