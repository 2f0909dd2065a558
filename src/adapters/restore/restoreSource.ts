/** A tree of the past as a source for copy and diff: so a subtree comes back into a living ensemble. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeSource } from '../../tree/source';
import { OverlaidSnapshot } from '../source/overlaidSnapshot';
import type { RestoreInput } from './input';
import { writeSnapshotOf } from './snapshotOfTree';
import { treeAt, type TreeAtOptions } from './treeAt';

/**
 * The whole tree at `input.zxid`, every digest on the way checked, kept as one snapshot file below `spool` until it is
 * closed. Ephemerals are in it, as in any source: a copy lists them and leaves them out. `shown`: for messages.
 *
 * Holds the tree in memory while it is made. Errors as treeAt.
 */
export async function restoreSource(
  input: RestoreInput,
  shown: string,
  { spool, ...options }: TreeAtOptions & { spool: string },
): Promise<TreeSource> {
  const { tree } = await treeAt(input, options);
  await mkdir(spool, { recursive: true, mode: 0o700 });
  const file = join(spool, `past-${randomBytes(6).toString('hex')}`);
  try {
    await writeSnapshotOf(tree, file, { signal: options.signal });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  const kept = new OverlaidSnapshot(file, [], { isOurs: true });
  return {
    ...{ shown, kept, knowsTypes: true, zxid: input.zxid },
    nodes: (again) => kept.nodes(again),
    close: () => rm(file, { force: true }),
  };
}
