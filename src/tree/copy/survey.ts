/**
 * The first pass over a source: what a copy would have to do, and all that speaks against it, found before
 * anything is written. Pure; holds one entry for each node that has had children, none for the others.
 */
import type { AclEntry } from '../../codec/records';
import { emptyListing, list, type Listing } from '../listing';
import { nodeType } from '../nodeType';
import { parentOf } from '../paths';
import type { SourceNode } from '../source';
import type { Selection } from './selection';

export interface Parent {
  /** Children that the copy creates. */
  children: number;
  /** The number its next sequential child must get. */
  next: number;
}

export interface Survey {
  nodes: number;
  /** Of data. */
  bytes: number;
  containers: number;
  ttls: number;
  /** By source path. */
  parents: Map<string, Parent>;
  /** Left out. */
  ephemerals: Listing<{ path: string; owner: string }>;
  /** Larger than the target takes. */
  tooLarge: Listing<{ path: string; bytes: number }>;
  largest: { path: string; bytes: number };
  /** Each list of entries once, with the first path that has it; only the first MAX_ACLS are kept. */
  acls: Map<string, { acl: AclEntry[]; path: string }>;
  /** Ancestors of what `include` chose, not chosen themselves. */
  ancestors: Set<string>;
  rootSeen: boolean;
}

export const MAX_ACLS = 1_000;
/** Path, ACL and protocol around the data of a request. */
const AROUND_DATA_BYTES = 1_024;

export class Surveyor {
  private lastParent: { path: string; entry: Parent | undefined } = { path: '', entry: undefined };
  /** Readers give nodes with the same ACL the same list, mostly. */
  private readonly aclsSeen = new Set<AclEntry[]>();
  readonly result: Survey = {
    nodes: 0,
    bytes: 0,
    containers: 0,
    ttls: 0,
    parents: new Map(),
    ephemerals: emptyListing(),
    tooLarge: emptyListing(),
    largest: { path: '', bytes: 0 },
    acls: new Map(),
    ancestors: new Set(),
    rootSeen: false,
  };

  constructor(
    private readonly selection: Selection,
    /** The target's jute.maxbuffer. */
    private readonly maxRequestBytes: number,
    private readonly onEphemeral?: (path: string, owner: bigint) => void,
  ) {}

  /** Every node of the source, parents first. */
  add(node: SourceNode): void {
    const { result } = this;
    if (node.path === this.selection.sourceRoot) result.rootSeen = true;
    if (!this.selection.means(node.path)) return;
    const type = nodeType(node.stat.ephemeralOwner);
    if (type === 'ephemeral') return this.leaveOut(node);
    if (type === 'container') result.containers += 1;
    if (type === 'ttl') result.ttls += 1;
    const bytes = node.data?.length ?? 0;
    result.nodes += 1;
    result.bytes += bytes;
    if (bytes > result.largest.bytes) result.largest = { path: node.path, bytes };
    if (bytes + AROUND_DATA_BYTES > this.maxRequestBytes)
      list(result.tooLarge, { path: node.path, bytes });
    if (!this.aclsSeen.has(node.acl)) this.keepAcl(node);
    if (node.stat.cversion !== 0)
      result.parents.set(node.path, { children: 0, next: node.stat.cversion });
    this.countUnderParent(node.path);
  }

  private keepAcl({ acl, path }: SourceNode): void {
    const { acls } = this.result;
    if (acls.size >= MAX_ACLS) return;
    this.aclsSeen.add(acl);
    const key = JSON.stringify(acl);
    if (!acls.has(key)) acls.set(key, { acl, path });
  }

  private leaveOut({ path, stat }: SourceNode): void {
    const owner = `0x${BigInt.asUintN(64, stat.ephemeralOwner).toString(16)}`;
    list(this.result.ephemerals, { path, owner });
    this.onEphemeral?.(path, stat.ephemeralOwner);
  }

  private countUnderParent(path: string): void {
    if (path === this.selection.sourceRoot) return;
    const parent = parentOf(path);
    // Leaves of one parent mostly come one after the other.
    const known =
      parent === this.lastParent.path ? this.lastParent.entry : this.result.parents.get(parent);
    this.lastParent = { path: parent, entry: known };
    if (known !== undefined) known.children += 1;
    else if (!this.result.ancestors.has(parent))
      for (const ancestor of this.selection.ancestorsOf(path)) this.result.ancestors.add(ancestor);
  }
}
