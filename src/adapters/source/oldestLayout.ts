/** A server's own snapshot in the layout that every release reads. */
import { ZkferryError } from '../../model/errors';
import { readSnapshot, SnapshotWriter } from '../../codec/snapshot';

export interface Rewritten {
  /** Written so far. */
  bytes: number;
  /** The highest zxid that a znode names: nothing later was created or set in it. */
  highestZxid: bigint;
}

/**
 * Without what releases from 3.6 on put behind the tree. `name`: of the snapshot, for messages; `seen` is kept up to
 * date. BackupInvalid, at its end, for one that is not whole.
 */
export async function* oldestLayout(
  source: AsyncIterable<Buffer>,
  name: string,
  seen: Rewritten,
): AsyncGenerator<Buffer> {
  const writer = new SnapshotWriter();
  for await (const part of readSnapshot(source)) {
    if (part.kind === 'end' && part.end.kind !== 'complete')
      throw new ZkferryError('BackupInvalid', `${name} is no whole snapshot: ${part.end.reason}`);
    if (part.kind === 'nodes')
      for (const { stat } of part.nodes)
        for (const zxid of [stat.czxid, stat.mzxid, stat.pzxid])
          if (zxid > seen.highestZxid) seen.highestZxid = zxid;
    const bytes =
      part.kind === 'tables'
        ? writer.head(part.tables)
        : part.kind === 'nodes'
          ? writer.nodes(part.nodes)
          : writer.end();
    seen.bytes += bytes.length;
    yield bytes;
  }
}
