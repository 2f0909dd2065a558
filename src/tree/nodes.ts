/**
 * The nodes of a tree and what is kept beside them: digest, owners, ACLs. It knows how to change one
 * node consistently; which change a transaction makes is dataTree.ts's business.
 */
import type { StatRecord } from '../codec/records';
import { AclTable } from './aclTable';
import type { Charset } from './crc32';
import { AdHash, contentSum, isDigested } from './digest';
import { CONTAINER_OWNER } from './nodeType';
import { StatTable } from './statTable';

/** `row` leads to the stat. Children by name, and no Map before the first child. */
export class TreeNode {
  children: Map<string, TreeNode> | null = null;

  constructor(
    readonly parent: TreeNode | null,
    readonly name: string,
    public data: Buffer | null,
    readonly row: number,
  ) {}
}

const EMPTY = Buffer.alloc(0);

export class Nodes {
  readonly acls = new AclTable();
  readonly stats = new StatTable();
  root: TreeNode | null = null;
  size = 0;
  private hash = new AdHash();
  /** TTL nodes too, under their mark: a server without extendedTypesEnabled closes them like sessions. */
  private readonly owners = new Map<bigint, Set<TreeNode>>();
  private lastParent: TreeNode | null = null;
  private lastParentPath = '';

  constructor(
    private readonly digests: boolean,
    private charset: Charset,
  ) {}

  /** @param path absolute; `/` is the root */
  find(path: string): TreeNode | undefined {
    const slash = path.lastIndexOf('/');
    if (slash === 0 && path.length === 1) return this.root ?? undefined;
    return this.parentOf(path, slash)?.children?.get(path.substring(slash + 1));
  }

  /** The node at `path[0..slash)`. Transactions come in runs under one parent, so the last is kept. */
  parentOf(path: string, slash: number): TreeNode | undefined {
    if (this.lastParent !== null && slash === this.lastParentPath.length) {
      if (path.startsWith(this.lastParentPath)) return this.lastParent;
    }
    let node = this.root ?? undefined;
    for (let from = 1; from <= slash && node !== undefined;) {
      const to = path.indexOf('/', from);
      node = node.children?.get(path.substring(from, to));
      from = to + 1;
    }
    if (node !== undefined) {
      this.lastParent = node;
      this.lastParentPath = path.substring(0, slash);
    }
    return node;
  }

  pathOf(node: TreeNode): string {
    if (node.parent === null) return '/';
    let path = '';
    for (let at = node; at.parent !== null; at = at.parent) path = `/${at.name}${path}`;
    return path;
  }

  /** With the stat of a snapshot. `acl` is an index of `acls`, its use counted. */
  insertRecord(
    parent: TreeNode | null,
    name: string,
    path: string,
    data: Buffer | null,
    acl: number,
    stat: StatRecord,
  ): TreeNode {
    const row = this.stats.take();
    this.stats.write(row, stat);
    return this.link(parent, name, path, data, acl, row, stat.ephemeralOwner);
  }

  /** With the stat of a node just created. */
  insertNew(
    parent: TreeNode,
    name: string,
    path: string,
    data: Buffer | null,
    acl: number,
    owner: bigint,
    zxid: bigint,
    time: bigint,
  ): TreeNode {
    const row = this.stats.take();
    this.stats.writeNew(row, zxid, time, owner);
    return this.link(parent, name, path, data, acl, row, owner);
  }

  private link(
    parent: TreeNode | null,
    name: string,
    path: string,
    data: Buffer | null,
    acl: number,
    row: number,
    owner: bigint,
  ): TreeNode {
    const node = new TreeNode(parent, name, keep(data), row);
    this.stats.setAcl(row, acl);
    if (owner !== 0n && owner !== CONTAINER_OWNER) this.own(owner, node);
    if (parent === null) this.root = node;
    else (parent.children ??= new Map()).set(name, node);
    this.size++;
    if (this.digests && isDigested(path)) {
      this.stats.setContentSum(row, contentSum(path, data, this.charset));
      this.hash.add(this.stats.renewDigest(row));
    }
    return node;
  }

  /** With everything below it; the server only removes leaves, a replay over a fuzzy snapshot may not. */
  remove(node: TreeNode): void {
    if (this.lastParent !== node.parent) this.lastParent = null;
    node.parent?.children?.delete(node.name);
    const doomed = [node];
    for (let next = doomed.pop(); next !== undefined; next = doomed.pop()) {
      if (next.children !== null) for (const child of next.children.values()) doomed.push(child);
      this.forget(next);
    }
  }

  private forget(node: TreeNode): void {
    const { row } = node;
    if (this.stats.isDigested(row)) this.hash.remove(this.stats.digest(row));
    if (this.stats.hasOwner(row)) this.disown(this.stats.owner(row), node);
    this.acls.release(this.stats.acl(row));
    this.stats.give(row);
    this.size--;
  }

  setData(
    node: TreeNode,
    path: string,
    data: Buffer | null,
    version: number,
    zxid: bigint,
    time: bigint,
  ): void {
    node.data = keep(data);
    this.stats.setModified(node.row, version, zxid, time);
    if (!this.stats.isDigested(node.row)) return;
    this.stats.setContentSum(node.row, contentSum(path, data, this.charset));
    this.restat(node);
  }

  setAcl(node: TreeNode, acl: number): void {
    const before = this.stats.acl(node.row);
    this.stats.setAcl(node.row, acl);
    this.acls.release(before);
  }

  /** To be called after every change made through `stats`. */
  restat({ row }: TreeNode): void {
    if (!this.stats.isDigested(row)) return;
    this.hash.remove(this.stats.digest(row));
    this.hash.add(this.stats.renewDigest(row));
  }

  get digest(): bigint {
    return this.hash.value;
  }

  /** Computes every digest anew, in the given charset from now on. */
  redigest(charset: Charset = this.charset): void {
    this.charset = charset;
    this.hash = new AdHash();
    for (const { node, path } of this.walk()) {
      if (!this.stats.isDigested(node.row)) continue;
      this.stats.setContentSum(node.row, contentSum(path, node.data, charset));
      this.hash.add(this.stats.renewDigest(node.row));
    }
  }

  hasNonAsciiPaths(): boolean {
    for (const { node } of this.walk()) if (!isAscii(node.name)) return true;
    return false;
  }

  ownedBy(owner: bigint): ReadonlySet<TreeNode> | undefined {
    return this.owners.get(owner);
  }

  ownerIds(): IterableIterator<bigint> {
    return this.owners.keys();
  }

  /** Parents first. `sorted`: siblings by name, in UTF-16 code units; otherwise as they came. */
  *walk(sorted = false): Generator<{ node: TreeNode; path: string }> {
    if (this.root === null) return;
    yield { node: this.root, path: '/' };
    const levels = [{ prefix: '/', rest: childrenOf(this.root, sorted) }];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const next = level.rest.next();
      if (next.done === true) {
        levels.pop();
        continue;
      }
      const node = next.value;
      const path = level.prefix + node.name;
      yield { node, path };
      if (node.children !== null && node.children.size > 0) {
        levels.push({ prefix: `${path}/`, rest: childrenOf(node, sorted) });
      }
    }
  }

  private own(owner: bigint, node: TreeNode): void {
    const owned = this.owners.get(owner);
    if (owned === undefined) this.owners.set(owner, new Set([node]));
    else owned.add(node);
  }

  private disown(owner: bigint, node: TreeNode): void {
    const owned = this.owners.get(owner);
    if (owned?.delete(node) && owned.size === 0) this.owners.delete(owner);
  }
}

function childrenOf(node: TreeNode, sorted: boolean): Iterator<TreeNode> {
  if (node.children === null) return [].values();
  if (!sorted) return node.children.values();
  const children = [...node.children.values()];
  return children.sort((one, other) => (one.name < other.name ? -1 : 1)).values();
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** A small view would keep the whole block it was read from alive for as long as the node lives. */
function keep(data: Buffer | null): Buffer | null {
  if (data === null) return null;
  if (data.length === 0) return EMPTY;
  return data.buffer.byteLength <= 2 * data.length ? data : Buffer.from(data);
}
