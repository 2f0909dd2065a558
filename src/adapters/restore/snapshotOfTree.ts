/** A tree in memory as a snapshot file that no log needs to follow. */
import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import type { SnapshotTrailer } from '../../codec/snapshot';
import { SnapshotWriter } from '../../codec/snapshot';
import type { DataTree, TreeZnode } from '../../tree/dataTree';
import { writeDurably } from './durableFile';

/** Nodes and bytes of data encoded at once. */
const BATCH_NODES = 4_096;
const BATCH_BYTES = 1 << 20;

/** `trailer` is asked for once all nodes were written. The tree must not change meanwhile. */
export function writeSnapshotOf(
  tree: DataTree,
  path: string,
  options: {
    onNode?: (node: TreeZnode) => void;
    trailer?: () => SnapshotTrailer;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<{ path: string; bytes: number }> {
  return writeDurably(path, async (file) => {
    const writer = new SnapshotWriter();
    await file.write(writer.head(tree.tables()));
    let batch: TreeZnode[] = [];
    let bytes = 0;
    for (const node of tree.nodes()) {
      options.onNode?.(node);
      batch.push(node);
      bytes += node.data?.length ?? 0;
      if (batch.length < BATCH_NODES && bytes < BATCH_BYTES) continue;
      options.signal?.throwIfAborted();
      await file.write(writer.nodes(batch));
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) await file.write(writer.nodes(batch));
    await file.write(writer.end(options.trailer?.()));
  });
}

/** The file again under another name, without the `trailerBytes` after its first seal, which name its zxid. Durable. */
export async function copySnapshot(
  { path, bytes }: { path: string; bytes: number },
  to: string,
  trailerBytes: number,
): Promise<{ path: string; bytes: number }> {
  await copyFile(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const handle = await open(to, 'r+');
  try {
    await handle.truncate(bytes - trailerBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { path: to, bytes: bytes - trailerBytes };
}
