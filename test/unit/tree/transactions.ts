import { DataTree, type TreeOptions } from '../../../src/tree/dataTree';
import { TXN_TYPE, type AclEntry, type Txn, type TxnBody } from '../../../src/codec/records';

export const OPEN: AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
export const READ: AclEntry[] = [{ perms: 1, scheme: 'world', id: 'anyone' }];
export const SESSION = 0x1000012345670001n;
export const FIRST = 0x100000000n;

/** Times run with the zxid, as in the vectors of digest.test.ts. */
export function txn(zxid: bigint, body: TxnBody, clientId = SESSION): Txn {
  const time = 1700000000000n + (zxid & 0xffffn);
  const type = TXN_TYPE[body.kind];
  return { header: { clientId, cxid: Number(zxid & 0xffffn), zxid, time, type }, body };
}

export function create(
  path: string,
  parentCversion: number,
  given: { data?: string | null; acl?: AclEntry[]; ephemeral?: boolean } = {},
): TxnBody {
  return {
    kind: 'create',
    path,
    data: given.data === null ? null : Buffer.from(given.data ?? ''),
    acl: given.acl ?? OPEN,
    ephemeral: given.ephemeral ?? false,
    parentCversion,
  };
}

export function setData(path: string, data: string, version: number): TxnBody {
  return { kind: 'setData', path, data: Buffer.from(data), version };
}

/** A 3.5+ server's first tree, and transactions applied one after another from zxid 0x100000001. */
export function treeOf(bodies: TxnBody[], options: TreeOptions = {}): DataTree {
  const tree = DataTree.empty(true, options);
  bodies.forEach((body, index) => tree.apply(txn(FIRST + BigInt(index) + 1n, body)));
  return tree;
}

/** A tree as its own snapshot would bring it back. */
export function reloaded(tree: DataTree, options: TreeOptions = {}): DataTree {
  const copy = new DataTree(tree.tables(), { lastZxid: tree.lastZxid, ...options });
  for (const node of tree.nodes()) copy.addNode(node);
  copy.loaded();
  return copy;
}
