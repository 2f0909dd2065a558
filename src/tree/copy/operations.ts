/**
 * Each node of the source to the writes that make it on the target. Pure.
 *
 * A create carries its ACL, so nothing is readable before it is protected. Where that ACL would keep the
 * copy itself out of a node it still has to work on, the node is born with an entry more, which lets only the
 * copy in, and gets its own ACL at the very end.
 */
import type { WriteOp } from '../../codec/clientRequests';
import type { AclEntry } from '../../codec/records';
import { counterRaise } from '../counters';
import { nodeType, ttlMs } from '../nodeType';
import type { SourceNode } from '../source';
import { PERMS, type Rights } from './rights';
import type { Selection } from './selection';
import type { Survey } from './survey';

export interface FinalAcl {
  path: string;
  acl: readonly AclEntry[];
}

/** A child with this name exists only inside one transaction. */
export const COUNTER_CHILD = 'zkferry-counter';

export class CopyOperations {
  /** To be set at the end, in any order. */
  readonly finalAcls: FinalAcl[] = [];

  constructor(
    private readonly selection: Selection,
    private readonly survey: Survey,
    private readonly rights: Rights,
    /** Every node is worked on again later: by the transactions that are followed. */
    private readonly follows = false,
  ) {}

  /** Whether the copy makes this node: meant, or needed above one that is; ephemerals never. */
  makes(node: SourceNode): boolean {
    if (nodeType(node.stat.ephemeralOwner) === 'ephemeral') return false;
    return this.selection.means(node.path) || this.survey.ancestors.has(node.path);
  }

  /** The create of a node that `makes` said yes to. */
  create(node: SourceNode): WriteOp {
    const path = this.selection.targetPath(node.path);
    const { data } = node;
    const acl = this.aclAtBirth(node, path);
    switch (nodeType(node.stat.ephemeralOwner)) {
      case 'container':
        return { kind: 'createContainer', path, data, acl };
      case 'ttl':
        return {
          kind: 'createTtl',
          path,
          data,
          acl,
          ttlMs: Number(ttlMs(node.stat.ephemeralOwner)),
        };
      default:
        return { kind: 'create', path, data, acl };
    }
  }

  /** What a node that exists already gets before its data is changed; its own at the end. */
  aclWhileWorking(node: SourceNode, path: string): readonly AclEntry[] {
    const acl = this.rights.keepsIn(node.acl);
    if (acl !== node.acl && !this.follows) this.finalAcls.push({ path, acl: node.acl });
    return acl;
  }

  private aclAtBirth(node: SourceNode, path: string): readonly AclEntry[] {
    const { rights } = this;
    if (this.follows) return rights.keepsIn(node.acl);
    const isParent = this.survey.parents.has(node.path) || this.survey.ancestors.has(node.path);
    if (!isParent || rights.has(node.acl, PERMS.create | PERMS.delete)) return node.acl;
    this.finalAcls.push({ path, acl: node.acl });
    return rights.withOwn(node.acl);
  }
}

/** A parent whose next number is not reached by creating its children alone. */
export interface Raise {
  /** On the target. */
  path: string;
  pairs: number;
}

/** Why a parent's next number can't be made the source's. */
export interface Unreachable {
  path: string;
  reason: string;
  /** Numbers that the target has given beyond the source's next. */
  aheadBy?: number;
}

/**
 * What brings each parent's next number to the source's. `current`: what the target has of a parent already,
 * by source path: its next number, and of the children meant how many need not be created.
 */
export function counterRaises(
  survey: Survey,
  selection: Selection,
  current: (sourcePath: string) => { next: number; children: number },
): { raises: Raise[]; unreachable: Unreachable[]; pairs: number } {
  const raises: Raise[] = [];
  const unreachable: Unreachable[] = [];
  let total = 0;
  for (const [source, { children, next }] of survey.parents) {
    const path = selection.targetPath(source);
    const there = current(source);
    const raise = counterRaise(next, there.next, children - there.children);
    if (raise.kind === 'raise') {
      if (raise.pairs > 0) raises.push({ path, pairs: raise.pairs });
      total += raise.pairs;
    } else
      unreachable.push({
        path,
        ...(raise.kind === 'ahead' && { aheadBy: raise.by }),
        reason:
          raise.kind === 'ahead'
            ? `the target has given ${raise.by} numbers more than the source, and nothing lowers a counter`
            : 'its counter is at the end of its range',
      });
  }
  return { raises, unreachable, pairs: total };
}

/** The two writes that raise a counter by one, or by several in one transaction. */
export function* raiseOperations({ path, pairs }: Raise): Generator<[WriteOp, WriteOp]> {
  const child = path === '/' ? `/${COUNTER_CHILD}` : `${path}/${COUNTER_CHILD}`;
  const acl = [{ perms: PERMS.all, scheme: 'world', id: 'anyone' }];
  for (let pair = 0; pair < pairs; pair++)
    yield [
      { kind: 'create', path: child, data: null, acl },
      { kind: 'delete', path: child, version: -1 },
    ];
}
