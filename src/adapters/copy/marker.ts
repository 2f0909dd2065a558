/** The znode that says how far a copy is; only the copy itself may read or write it. */
import { randomBytes } from 'node:crypto';
import { DEFAULT_ZNODE_ROOT } from '../../model/contract';
import type { ZkSession } from '../../model/ports';
import { ownerAcl, unlessCode } from '../zookeeper/ownedNodes';

export async function makeMarker(
  session: ZkSession,
  root: string = DEFAULT_ZNODE_ROOT,
  credential: string,
): Promise<{ path: string; version: number }> {
  // Others' locks live under the same root: whoever comes first leaves it open for the next.
  await unlessCode(['NodeExists'], () => session.create(root, Buffer.alloc(0)), undefined);
  const path = `${root}/copy-${randomBytes(8).toString('hex')}`;
  await session.create(path, Buffer.alloc(0), { acl: ownerAcl(credential) });
  return { path, version: 0 };
}

/** The root goes too where nobody else uses it. */
export async function removeMarker(
  session: ZkSession,
  path: string,
  root: string = DEFAULT_ZNODE_ROOT,
): Promise<void> {
  await unlessCode(['NoNode'], () => session.delete(path), undefined);
  await unlessCode(['NotEmpty', 'NoNode', 'NoAuth'], () => session.delete(root), undefined);
}
