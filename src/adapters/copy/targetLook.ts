/** What stands where a copy is to go. */
import { DEFAULT_ZNODE_ROOT } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { ZkAcl, ZkSession } from '../../model/ports';
import { nextSequenceSeen } from '../../tree/counters';
import { PERMS, type Rights } from '../../tree/copy/rights';
import type { Selection } from '../../tree/copy/selection';
import { parentOf } from '../../tree/paths';
import { unlessCode } from '../zookeeper/ownedNodes';

export interface TargetLook {
  /** Target path of the root of the copy. */
  root: string;
  /** Absent where nothing is there yet. */
  existing?: {
    data: Buffer | null;
    acl: readonly ZkAcl[];
    /** The number its next sequential child gets once the copy's own subtree is there. */
    next: number;
    /** Names of what is below it and concerns the copy. */
    children: string[];
  };
  /** The copy's own subtree goes directly below the root, and takes one number of it. */
  takesNumberOfRoot: boolean;
}

const SYSTEM = ['/zookeeper'];

/** @throws ZooKeeperRequestFailed (NoNode), ZooKeeperAuthFailed where there is no place for the copy */
export async function lookAtTarget(
  session: ZkSession,
  { targetRoot: root }: Selection,
  rights: Rights,
  shown: string,
  ownRoot: string = DEFAULT_ZNODE_ROOT,
): Promise<TargetLook> {
  const found = await unlessCode(
    ['NoNode'],
    () => unlessCode(['NoAuth'], () => session.get(root), null),
    undefined,
  );
  if (found === null) throw closed(root, [], shown);
  if (found === undefined) {
    const parent = parentOf(root);
    const acl = await unlessCode(['NoNode'], () => aclOf(session, parent), undefined);
    if (acl === undefined)
      throw new ZkferryError(
        'ZooKeeperRequestFailed',
        `${parent} does not exist at ${shown}: create it there first, with the ACL it is to have`,
        { details: { code: 'NoNode', path: parent } },
      );
    refuseWithout(rights, acl, PERMS.create, parent, shown);
    return { root, takesNumberOfRoot: false };
  }
  const acl = await aclOf(session, root);
  refuseWithout(rights, acl, PERMS.all, root, shown);
  const takesNumberOfRoot = root === parentOf(ownRoot) && (await session.exists(ownRoot)) === null;
  const children = concerned(root, await session.children(root), ownRoot);
  const next = nextSequenceSeen(found.stat) + (takesNumberOfRoot ? 1 : 0);
  return { root, existing: { data: found.data, acl, next, children }, takesNumberOfRoot };
}

/** Of the children of the root of a copy those that it is about. */
export const concerned = (
  root: string,
  children: readonly string[],
  ownRoot: string = DEFAULT_ZNODE_ROOT,
): string[] =>
  children.filter(
    (child) => ![...SYSTEM, ownRoot].includes(`${root === '/' ? '' : root}/${child}`),
  );

function refuseWithout(
  rights: Rights,
  acl: readonly ZkAcl[],
  perms: number,
  path: string,
  shown: string,
): void {
  if (!rights.has(acl, perms)) throw closed(path, acl, shown);
}

function closed(path: string, acl: readonly ZkAcl[], shown: string): ZkferryError {
  const listed = acl.length === 0 ? 'which it may not even read' : entries(acl);
  return new ZkferryError(
    'ZooKeeperAuthFailed',
    `the ACL of ${path} at ${shown} (${listed}) does not let the copy work there: give --target-auth of its owner, or of a superuser`,
    { details: { code: 'NoAuth', path } },
  );
}

const entries = (acl: readonly ZkAcl[]): string =>
  acl.map(({ scheme, id }) => `${scheme}:${id}`).join(', ');

/** From 3.8 on, only who may read or administer a node is shown its ACL; others get none here. */
const aclOf = (session: ZkSession, path: string): Promise<ZkAcl[]> =>
  unlessCode(['NoAuth'], () => session.getAcl(path), []);
