/** A snapshot file read in batches of nodes, as often as wanted. */
import { createReadStream } from 'node:fs';
import type { SnapshotNode, SnapshotTables } from '../../codec/records';
import { FILE_HEADER_BYTES, readSnapshot, type SnapshotEnd } from '../../codec/snapshot';
import { ZkferryError } from '../../model/errors';

const CHUNK_BYTES = 1 << 20;

/**
 * The tables with every batch of nodes. BackupInvalid, after the last batch, for a file that is not whole.
 * `isOurs`: this process wrote it a moment ago, and checksums are passed over.
 */
export async function* readSnapshotFile(
  file: string,
  isOurs = false,
): AsyncGenerator<{ tables: SnapshotTables; nodes: SnapshotNode[] }> {
  let tables: SnapshotTables = { sessions: [], acls: new Map() };
  const start = isOurs ? FILE_HEADER_BYTES : 0;
  const chunks = createReadStream(file, { highWaterMark: CHUNK_BYTES, start });
  for await (const part of readSnapshot(chunks, { form: isOurs ? 'body' : 'file' })) {
    if (part.kind === 'tables') tables = part.tables;
    else if (part.kind === 'nodes') yield { tables, nodes: part.nodes };
    else if (part.end.kind !== 'complete') throw notWhole(file, part.end);
  }
}

/** Names the file and what is wrong with it. */
export const notWhole = (
  file: string,
  end: Exclude<SnapshotEnd, { kind: 'complete' }>,
): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the snapshot ${file} is ${end.kind} at offset ${end.offset}: ${end.reason}`,
    { details: { end } },
  );
