/**
 * Each ACL once, however many nodes have it (ReferenceCountedACLCache.java). Nodes hold small indexes
 * of this table; the ids of snapshot files belong to the server that wrote them and are kept.
 */
import type { AclEntry } from '../codec/records';

/** Index of the ACL that snapshots call -1: world:anyone:cdrwa. */
export const OPEN_ACL = 0;

const OPEN_ENTRIES: AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];

interface Row {
  id: bigint;
  /** null: nodes refer to the id, but the snapshot's table, written before them, lacks it. */
  entries: AclEntry[] | null;
  key: string;
  uses: number;
}

export class AclTable {
  private readonly rows: (Row | undefined)[] = [
    { id: -1n, entries: OPEN_ENTRIES, key: '', uses: 0 },
  ];
  private readonly free: number[] = [];
  private readonly byKey = new Map<string, number>();
  private readonly byId = new Map<bigint, number>([[-1n, OPEN_ACL]]);
  private highestId = 0n;
  /** One step of memory: runs of transactions mostly carry equal lists. */
  private lastIndex = OPEN_ACL;

  /** Before any node is added. */
  load(acls: Map<bigint, AclEntry[]>): void {
    for (const [id, entries] of acls) {
      if (!this.byId.has(id)) this.insert(id, entries, keyOf(entries));
    }
  }

  /** Counts a use of a snapshot's id, known or not. */
  useId(id: bigint): number {
    const index = this.byId.get(id) ?? this.insert(id, null, '');
    this.row(index).uses++;
    return index;
  }

  /** Counts a use of an ACL of a transaction. */
  use(entries: AclEntry[] | null): number {
    const index = this.find(entries);
    this.row(index).uses++;
    return index;
  }

  release(index: number): void {
    const row = this.row(index);
    row.uses--;
    if (row.uses === 0) this.drop(index, row);
  }

  entries(index: number): AclEntry[] | null {
    return this.row(index).entries;
  }

  id(index: number): bigint {
    return this.row(index).id;
  }

  /** Ids a snapshot's nodes use and its table lacks; replaying the log past its fuzzy range clears them. */
  get unknown(): number {
    let count = 0;
    for (const row of this.rows) if (row?.entries === null) count++;
    return count;
  }

  /** What the table of a snapshot lists and no node uses. */
  purgeUnused(): void {
    this.rows.forEach((row, index) => {
      if (row !== undefined && row.uses <= 0) this.drop(index, row);
    });
  }

  /** As a snapshot file has it: without the open ACL. */
  toTable(): Map<bigint, AclEntry[]> {
    const table = new Map<bigint, AclEntry[]>();
    this.rows.forEach((row, index) => {
      if (index !== OPEN_ACL && row?.entries != null) table.set(row.id, row.entries);
    });
    return table;
  }

  private find(entries: AclEntry[] | null): number {
    if (entries === null) return OPEN_ACL;
    if (this.lastIndex !== OPEN_ACL && sameAcl(entries, this.rows[this.lastIndex]?.entries)) {
      return this.lastIndex;
    }
    const key = keyOf(entries);
    this.lastIndex = this.byKey.get(key) ?? this.insert(this.highestId + 1n, entries, key);
    return this.lastIndex;
  }

  private insert(id: bigint, entries: AclEntry[] | null, key: string): number {
    const index = this.free.pop() ?? this.rows.length;
    this.rows[index] = { id, entries, key, uses: 0 };
    this.byId.set(id, index);
    if (entries !== null) this.byKey.set(key, index);
    if (id > this.highestId) this.highestId = id;
    return index;
  }

  private drop(index: number, row: Row): void {
    if (index === OPEN_ACL) return;
    this.rows[index] = undefined;
    this.byId.delete(row.id);
    if (this.byKey.get(row.key) === index) this.byKey.delete(row.key);
    this.free.push(index);
  }

  private row(index: number): Row {
    const row = this.rows[index];
    if (row === undefined) throw new RangeError(`no ACL at ${index}`);
    return row;
  }
}

/** Equal as the server takes it: every entry, in order. */
export function sameAcl(
  left: AclEntry[] | null | undefined,
  right: AclEntry[] | null | undefined,
): boolean {
  if (left == null || right == null) return left === right;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) {
    const one = left[i] as AclEntry;
    const other = right[i] as AclEntry;
    if (one.perms !== other.perms || one.scheme !== other.scheme || one.id !== other.id) {
      return false;
    }
  }
  return true;
}

/** Lengths first, so that no text inside can imitate a boundary. */
function keyOf(entries: AclEntry[]): string {
  let key = '';
  for (const { perms, scheme, id } of entries) {
    key += `${perms} ${scheme.length} ${scheme}${id.length} ${id}`;
  }
  return key;
}
