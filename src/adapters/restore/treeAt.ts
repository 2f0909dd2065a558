/** The tree of an ensemble as it was after one transaction, in memory. */
import { ZkferryError } from '../../model/errors';
import { atLeast } from '../../model/version';
import { DataTree, type TreeOptions } from '../../tree/dataTree';
import { DigestWatch } from '../../tree/restore/digestWatch';
import { restoreTxns, type RestoreInput } from './input';
import { readBase, type BaseEnd } from './readBase';
import { zxidText } from '../../model/zxid';

/** The first release that writes digests; up to the one before, sequence numbers went on below zero. */
const DIGESTS_SINCE = '3.6.0';

export interface TreeAtOptions {
  /**
   * False: digests in the log are not looked at. For a source whose own digests are wrong, as of a 3.6+ server with a
   * parent past 2^31 - 1 or of one whose JVM encodes paths neither in UTF-8 nor in ASCII. Default true.
   */
  checkDigests?: boolean;
  signal?: AbortSignal;
}

export interface TreeAt {
  tree: DataTree;
  /** Transactions whose digest was compared: each matched. */
  digestsMatched: number;
}

/**
 * Loads the base and applies the log to it. Holds the whole tree: about 390 bytes a node beside its data.
 *
 * @throws ZkferryError BackupInvalid for damage, a hole, or a digest that does not match; NotRestorable for a
 *   transaction before the base is usable
 */
export async function treeAt(input: RestoreInput, options: TreeAtOptions = {}): Promise<TreeAt> {
  const { checkDigests = true, signal } = options;
  const { tree, end } = await loadBase(input, signal);
  const watch = new DigestWatch(end.usableFrom, end.digest?.zxid);
  const { digestMatches } = tree.loaded(end.digest);
  if (checkDigests) watch.accept(input.snapshotZxid, digestMatches);
  for await (const { txn } of restoreTxns(input, signal)) {
    const result = tree.apply(txn);
    if (checkDigests) watch.accept(txn.header.zxid, result.digestMatches);
  }
  watch.finish();
  if (tree.unknownAcls > 0)
    throw new ZkferryError(
      'BackupInvalid',
      `${tree.unknownAcls} ACLs that nodes refer to at ${zxidText(input.zxid)} are neither in the base nor in the log after it: restore from another base`,
    );
  return { tree, digestsMatched: watch.matched };
}

/** Signed 64 bits in decimal, as manifests have it. Version 2, as 3.6 and later compute it. */
export const digestOf = (tree: DataTree): string => tree.digest.toString();

async function loadBase(
  input: RestoreInput,
  signal: AbortSignal | undefined,
): Promise<{ tree: DataTree; end: BaseEnd }> {
  let tree: DataTree | undefined;
  const chunks = readBase(input, signal);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      tree ??= new DataTree({ sessions: [], acls: new Map() });
      return { tree, end: next.value };
    }
    const { tables, nodes } = next.value;
    if (tables !== undefined) tree ??= new DataTree(tables, treeOptions(input));
    for (const node of nodes) tree!.addNode(node);
  }
}

const treeOptions = ({ snapshotZxid, serverVersion }: RestoreInput): TreeOptions => ({
  lastZxid: snapshotZxid,
  cversionWraps: serverVersion !== undefined && !atLeast(serverVersion, DIGESTS_SINCE),
});
