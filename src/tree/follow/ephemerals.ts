/** The ephemerals of a source, as transactions come: a copy holds none, and must know which paths they are. */
export type EphemeralChange =
  | { kind: 'created'; path: string; owner: bigint }
  | { kind: 'deleted'; path: string }
  | { kind: 'sessionClosed'; owner: bigint };

export class Ephemerals {
  private readonly owners = new Map<string, bigint>();
  private readonly paths = new Map<bigint, Set<string>>();
  /** Since they were taken last, for whoever keeps them elsewhere too. */
  private changes: EphemeralChange[] = [];

  get size(): number {
    return this.owners.size;
  }

  entries(): IterableIterator<[path: string, owner: bigint]> {
    return this.owners.entries();
  }

  add(path: string, owner: bigint): void {
    this.remove(path);
    this.owners.set(path, owner);
    const owned = this.paths.get(owner);
    if (owned === undefined) this.paths.set(owner, new Set([path]));
    else owned.add(path);
    this.changes.push({ kind: 'created', path, owner });
  }

  has(path: string): boolean {
    return this.owners.has(path);
  }

  /** Whether it was one. */
  delete(path: string): boolean {
    const wasOne = this.remove(path);
    if (wasOne) this.changes.push({ kind: 'deleted', path });
    return wasOne;
  }

  /** A session's go with it, whether the transaction names them or not. */
  closeSession(owner: bigint): void {
    const owned = this.paths.get(owner);
    if (owned === undefined) return;
    for (const path of owned) this.owners.delete(path);
    this.paths.delete(owner);
    this.changes.push({ kind: 'sessionClosed', owner });
  }

  apply(change: EphemeralChange): void {
    if (change.kind === 'created') this.add(change.path, change.owner);
    else if (change.kind === 'deleted') this.delete(change.path);
    else this.closeSession(change.owner);
  }

  takeChanges(): EphemeralChange[] {
    const { changes } = this;
    if (changes.length > 0) this.changes = [];
    return changes;
  }

  clear(): void {
    this.owners.clear();
    this.paths.clear();
    this.changes = [];
  }

  private remove(path: string): boolean {
    const owner = this.owners.get(path);
    if (owner === undefined) return false;
    this.owners.delete(path);
    const owned = this.paths.get(owner)!;
    owned.delete(path);
    if (owned.size === 0) this.paths.delete(owner);
    return true;
  }
}
