/** The tree that a repository restores, as a tap's consumer would have kept it. */
import { Readable } from 'node:stream';
import { readTxns } from '../../src/adapters/repository/readLog';
import type { Repository } from '../../src/adapters/repository/repository';
import { readSnapshot } from '../../src/codec/snapshot';
import { decodeTxn } from '../../src/codec/txn';
import { chain } from '../../src/planning/backup/logCover';
import type { TimelineContents } from '../../src/planning/backup/contents';
import { DataTree } from '../../src/tree/dataTree';
import { TapTree } from './tapTree';

/** Reads the oldest base, and everything after it; rejects where something is missing or damaged. */
export async function treeOf(repository: Repository, contents: TimelineContents): Promise<TapTree> {
  const base = contents.bases.reduce((one, other) =>
    BigInt(one.usableFrom) <= BigInt(other.usableFrom) ? one : other,
  );
  let tree: DataTree | undefined;
  for await (const part of readSnapshot(repository.unsealStream(base.snapshot))) {
    if (part.kind === 'tables')
      tree = new DataTree(part.tables, { lastZxid: BigInt(base.snapshotZxid) });
    else if (part.kind === 'nodes') for (const node of part.nodes) tree!.addNode(node);
    else tree!.loaded();
  }
  const restored = new TapTree({
    lastZxid: 0n,
    take: () => Promise.resolve([]),
    close: () => Promise.resolve(),
    [Symbol.asyncIterator]: () =>
      (Readable.from([]) as AsyncIterable<never>)[Symbol.asyncIterator](),
  });
  const objects = chain(contents, base.snapshotZxid);
  for await (const { zxid, bytes } of readTxns(repository, objects, {
    after: BigInt(base.snapshotZxid),
  })) {
    const { digestMatches } = tree!.apply(decodeTxn(bytes));
    const isSettled = zxid > BigInt(base.usableFrom);
    if (isSettled && digestMatches === true) restored.digestsMatched += 1;
    if (isSettled && digestMatches === false) restored.digestsMismatched += 1;
    restored.transactions += 1;
    restored.last = zxid;
  }
  restored.tree = tree;
  return restored;
}
