/** The ephemerals of a source, as transactions come: a copy holds none, and must know which paths they are. */
export class Ephemerals {
  private readonly owners = new Map<string, bigint>();
  private readonly paths = new Map<bigint, Set<string>>();

  get size(): number {
    return this.owners.size;
  }

  add(path: string, owner: bigint): void {
    this.delete(path);
    this.owners.set(path, owner);
    const owned = this.paths.get(owner);
    if (owned === undefined) this.paths.set(owner, new Set([path]));
    else owned.add(path);
  }

  has(path: string): boolean {
    return this.owners.has(path);
  }

  /** Whether it was one. */
  delete(path: string): boolean {
    const owner = this.owners.get(path);
    if (owner === undefined) return false;
    this.owners.delete(path);
    const owned = this.paths.get(owner)!;
    owned.delete(path);
    if (owned.size === 0) this.paths.delete(owner);
    return true;
  }

  /** A session's go with it, whether the transaction names them or not. */
  closeSession(owner: bigint): void {
    for (const path of this.paths.get(owner) ?? []) this.owners.delete(path);
    this.paths.delete(owner);
  }

  clear(): void {
    this.owners.clear();
    this.paths.clear();
  }
}
