/**
 * One snapshot of the tree as it was, and no log: what any server can start on, at a zxid of choice.
 *
 * It is there twice, under the zxid and the one before. Servers write a snapshot as they start, over the one of the same
 * name and without syncing it (seen on 3.6.4 and 3.9.6: same inode): killed then, they leave it torn, and start from the
 * second.
 */
import { join } from 'node:path';
import { DIGEST_BYTES, SEAL_BYTES } from '../../codec/snapshot';
import { DIGEST_VERSION } from '../../tree/digest';
import { dropSessions } from '../../tree/restore/dropSessions';
import { higherEpoch } from '../../tree/restore/epoch';
import { Readability } from '../../tree/restore/readable';
import { type RestoreInput } from './input';
import { copySnapshot, writeSnapshotOf } from './snapshotOfTree';
import { digestOf, treeAt, type TreeAtOptions } from './treeAt';
import type { WrittenFiles } from './writeDataDirectory';
import { zxidText } from '../../model/zxid';

export interface CleanOptions extends TreeAtOptions {
  way: 'clean';
  /** Of the servers that shall read it. From 3.6 on they are given the tree's digest, and check it as they load. */
  targetVersion?: string;
  /**
   * Sessions resume, and ephemerals stay. In a tree of the past that can give a lock two holders: the one of then, and
   * the one that got it later. Default false.
   */
  keepSessions?: boolean;
  /**
   * The highest zxid that any client may have seen. The snapshot is named for the epoch after it, so that such clients
   * are let in at once; without it they are refused until the servers have written as much again. A client that comes
   * back is told of changed children that it watches, but not of data that is older than what it saw: whoever caches
   * data must read it again.
   */
  above?: bigint;
}

export async function writeClean(
  input: RestoreInput,
  inner: string,
  options: CleanOptions,
): Promise<WrittenFiles> {
  const { targetVersion, keepSessions = false, above, signal } = options;
  const readability = new Readability(targetVersion);
  const { tree } = await treeAt(input, options);
  const zxid = above === undefined ? input.zxid : higherEpoch(input.zxid, above);
  const dropped = keepSessions ? { sessions: 0, ephemerals: 0 } : dropSessions(tree, zxid);
  let isAscii = true;
  const hasDigest = () => readability.readsDigests && isAscii;
  const named = (name: bigint) => join(inner, `snapshot.${name.toString(16)}`);
  const snapshot = await writeSnapshotOf(tree, named(zxid), {
    signal,
    onNode: ({ path, stat }) => {
      readability.node(path, stat.ephemeralOwner);
      isAscii &&= ASCII.test(path);
    },
    // How a server's JVM encodes other paths is its own matter: a digest that does not match would alarm for nothing.
    trailer: () =>
      hasDigest() ? { digest: { zxid, version: DIGEST_VERSION, digest: tree.digest } } : {},
  });
  const trailerBytes = hasDigest() ? DIGEST_BYTES + SEAL_BYTES : 0;
  const second = zxid === 0n ? [] : [await copySnapshot(snapshot, named(zxid - 1n), trailerBytes)];
  return {
    zxid: zxidText(zxid),
    files: [snapshot, ...second],
    nodes: tree.size,
    sessions: tree.sessions.size,
    sessionsDropped: dropped.sessions,
    ephemeralsDropped: dropped.ephemerals,
    digest: { zxid: zxidText(zxid), value: digestOf(tree) },
    warnings: readability.warnings,
  };
}

const ASCII = /^[\0-\x7f]*$/;
