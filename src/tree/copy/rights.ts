/** What the copy's own sessions may do to a node, and the entry that lets them in where its ACL does not. Pure. */
import type { AclEntry } from '../../codec/records';

/** ZooDefs.Perms. */
export const PERMS = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

export interface Identity {
  scheme: string;
  /** As ACLs show it: for digest `user:hash`. */
  id: string;
}

export class Rights {
  private readonly ownEntry: AclEntry;
  /** An ACL with the copy's own entry was given out. */
  ownUsed = false;

  constructor(
    /** Of the copy's sessions; the first is this copy's alone. */
    private readonly identities: readonly [Identity, ...Identity[]],
    /** No ACL keeps them out. */
    private readonly isSuper = false,
  ) {
    this.ownEntry = { perms: PERMS.all, ...identities[0] };
  }

  /** Whether the ACL grants all of `perms`. */
  has(acl: readonly AclEntry[], perms: number): boolean {
    if (this.isSuper) return true;
    let granted = 0;
    for (const entry of acl) if (this.isOurs(entry)) granted |= entry.perms;
    return (granted & perms) === perms;
  }

  withOwn(acl: readonly AclEntry[]): AclEntry[] {
    this.ownUsed = true;
    return [...acl, this.ownEntry];
  }

  /** The ACL, with the copy's own entry where it would not let the copy do everything. */
  keepsIn(acl: readonly AclEntry[]): readonly AclEntry[] {
    return this.has(acl, PERMS.all) ? acl : this.withOwn(acl);
  }

  /** The ACL as it was before `withOwn`; the same list where it holds no entry of ours. */
  withoutOwn(acl: readonly AclEntry[]): readonly AclEntry[] {
    const isOwn = ({ scheme, id }: AclEntry) =>
      scheme === this.ownEntry.scheme && id === this.ownEntry.id;
    return acl.some(isOwn) ? acl.filter((entry) => !isOwn(entry)) : acl;
  }

  private isOurs({ scheme, id }: AclEntry): boolean {
    if (scheme === 'world') return id === 'anyone';
    return this.identities.some((own) => own.scheme === scheme && own.id === id);
  }
}
