/** Identities in ACLs that are bound to addresses or names, which a move changes. Bounded, whatever the tree's size. */
import type { AclEntry } from '../codec/records';
import type { BoundAcl } from '../model/facts';

const UNBOUND = new Set(['world', 'digest', 'auth', 'super']);
const MAX_IDENTITIES = 50;
const MAX_PATHS = 3;

export class BoundAcls {
  private readonly byIdentity = new Map<string, BoundAcl & { last: string }>();

  /** Every node once. */
  add(path: string, acl: readonly AclEntry[]): void {
    for (const entry of acl) if (!UNBOUND.has(entry.scheme)) this.note(path, entry);
  }

  /** In the order they were met. */
  get found(): BoundAcl[] {
    return [...this.byIdentity.values()].map(({ last: _last, ...acl }) => acl);
  }

  private note(path: string, { scheme, id }: AclEntry): void {
    const key = `${scheme}:${id}`;
    const known = this.byIdentity.get(key);
    if (known === undefined) {
      if (this.byIdentity.size < MAX_IDENTITIES)
        this.byIdentity.set(key, { scheme, id, nodes: 1, paths: [path], last: path });
      return;
    }
    // An ACL may name the same one twice.
    if (known.last === path) return;
    known.last = path;
    known.nodes += 1;
    if (known.paths.length < MAX_PATHS) known.paths.push(path);
  }
}
