/** What stands where a copy is to go. */
import { DEFAULT_ZNODE_ROOT } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import { nextSequenceSeen } from '../../tree/counters';
import type { Selection } from '../../tree/copy/selection';
import { parentOf } from '../../tree/paths';

export interface TargetLook {
  /** Target path of the root of the copy. */
  root: string;
  rootExists: boolean;
  /** The number its next sequential child gets once the copy's own subtree is there. */
  rootNext: number;
  /** The copy's own subtree goes directly below the root, and takes one number of it. */
  takesNumberOfRoot: boolean;
}

const OWN = ['zookeeper', 'zkferry'];
const LISTED = 10;

/** @throws ZooKeeperRequestFailed (NoNode, NodeExists) where there is no place for the copy */
export async function lookAtTarget(
  session: ZkSession,
  { targetRoot: root }: Selection,
  shown: string,
  ownRoot: string = DEFAULT_ZNODE_ROOT,
): Promise<TargetLook> {
  const stat = await session.exists(root);
  if (stat === null) {
    const parent = parentOf(root);
    if (root !== '/' && (await session.exists(parent)) === null)
      throw new ZkferryError(
        'ZooKeeperRequestFailed',
        `${parent} does not exist at ${shown}: create it there first, with the ACL it is to have`,
        { details: { code: 'NoNode', path: parent } },
      );
    return { root, rootExists: false, rootNext: 0, takesNumberOfRoot: false };
  }
  const children = (await session.children(root)).filter(
    (child) => root !== '/' || !OWN.includes(child),
  );
  if (children.length > 0)
    throw new ZkferryError(
      'ZooKeeperRequestFailed',
      `${root} at ${shown} has ${children.length} child(ren) already (${children.sort().slice(0, LISTED).join(', ')}): a copy goes where nothing is`,
      { details: { code: 'NodeExists', path: root } },
    );
  const takesNumberOfRoot = root === parentOf(ownRoot) && (await session.exists(ownRoot)) === null;
  const rootNext = nextSequenceSeen(stat) + (takesNumberOfRoot ? 1 : 0);
  return { root, rootExists: true, rootNext, takesNumberOfRoot };
}
