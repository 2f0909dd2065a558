/**
 * The second pass: each node of the source to the writes that make it on the target. Pure.
 *
 * A create carries its ACL, so nothing is readable before it is protected. Where that ACL would keep the
 * copy itself from creating children, the node is born with one that lets only the copy in, and gets its
 * own at the very end, children before parents. Counters are raised before that, by children that are
 * created and deleted again in one transaction.
 */
import type { WriteOp } from '../../codec/clientRequests';
import type { AclEntry } from '../../codec/records';
import { counterRaise } from '../counters';
import { nodeType, ttlMs } from '../nodeType';
import type { SourceNode } from '../source';
import type { Selection } from './selection';
import type { Survey } from './survey';

export interface Identity {
  scheme: string;
  /** As ACLs show it: for digest `user:hash`. */
  id: string;
}

export interface FinalAcl {
  path: string;
  acl: readonly AclEntry[];
}

const PERMS = { create: 4, delete: 8, all: 31 } as const;
/** A child with this name exists only inside one transaction. */
export const COUNTER_CHILD = 'zkferry-counter';

export class CopyOperations {
  /** Set last, from the end of the list to its beginning. */
  readonly finalAcls: FinalAcl[] = [];

  constructor(
    private readonly selection: Selection,
    private readonly survey: Survey,
    /** Of the copy's own sessions; the first one owns nodes whose ACL comes last. */
    private readonly identities: readonly [Identity, ...Identity[]],
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

  /** A root that exists already keeps its own ACL until the end. */
  keepRootAcl(acl: readonly AclEntry[], path: string): void {
    if (!this.finalAcls.some((entry) => entry.path === path)) this.finalAcls.unshift({ path, acl });
  }

  private aclAtBirth(node: SourceNode, path: string): readonly AclEntry[] {
    const needsRoom = this.survey.parents.has(node.path) || this.survey.ancestors.has(node.path);
    if (!needsRoom || this.mayWorkUnder(node.acl)) return node.acl;
    this.finalAcls.push({ path, acl: node.acl });
    return [{ perms: PERMS.all, ...this.identities[0] }];
  }

  private mayWorkUnder(acl: readonly AclEntry[]): boolean {
    const granted = acl
      .filter(
        ({ scheme, id }) =>
          (scheme === 'world' && id === 'anyone') ||
          this.identities.some((own) => own.scheme === scheme && own.id === id),
      )
      .reduce((perms, entry) => perms | entry.perms, 0);
    const needed = PERMS.create | PERMS.delete;
    return (granted & needed) === needed;
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
 * What brings each parent's next number to the source's. `current`: by target path, for nodes that exist
 * there already.
 */
export function counterRaises(
  survey: Survey,
  selection: Selection,
  current: (targetPath: string) => number,
): { raises: Raise[]; unreachable: Unreachable[]; pairs: number } {
  const raises: Raise[] = [];
  const unreachable: Unreachable[] = [];
  let total = 0;
  for (const [source, { children, next }] of survey.parents) {
    const path = selection.targetPath(source);
    const raise = counterRaise(next, current(path), children);
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
