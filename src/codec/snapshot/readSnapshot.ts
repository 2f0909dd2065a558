import type { SnapshotNode, SnapshotTables } from '../records';
import { SnapshotReader, type SnapshotEnd, type SnapshotReaderOptions } from './snapshotReader';

export type SnapshotPart =
  | { kind: 'tables'; tables: SnapshotTables }
  /** Those one chunk completed. */
  | { kind: 'nodes'; nodes: SnapshotNode[] }
  | { kind: 'end'; end: SnapshotEnd };

/** Tables, nodes batch by batch, and always the end: also of damaged input, then without what is after the damage. */
export async function* readSnapshot(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: SnapshotReaderOptions = {},
): AsyncGenerator<SnapshotPart, void, undefined> {
  const reader = new SnapshotReader(options);
  let tablesGiven = false;
  for await (const chunk of chunks) {
    const nodes = reader.push(chunk);
    if (reader.tables && !tablesGiven) {
      tablesGiven = true;
      yield { kind: 'tables', tables: reader.tables };
    }
    if (nodes.length > 0) yield { kind: 'nodes', nodes };
    if (reader.done) break;
  }
  yield { kind: 'end', end: reader.finish() };
}
