/**
 * The first pass over a source: what a copy would have to do, and all that speaks against it, found before
 * anything is written. Pure; holds one entry for each node that has had children, none for the others.
 */
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
  /** Left out. At most MAX_LISTED are named. */
  ephemerals: { count: number; listed: { path: string; owner: string }[] };
  /** Larger than the target takes. At most MAX_LISTED are named. */
  tooLarge: { count: number; listed: { path: string; bytes: number }[] };
  /** Ancestors of what `include` chose, not chosen themselves. */
  ancestors: Set<string>;
  rootSeen: boolean;
}

export const MAX_LISTED = 1_000;
/** Path, ACL and protocol around the data of a request. */
const AROUND_DATA_BYTES = 1_024;

export class Surveyor {
  readonly result: Survey = {
    nodes: 0,
    bytes: 0,
    containers: 0,
    ttls: 0,
    parents: new Map(),
    ephemerals: { count: 0, listed: [] },
    tooLarge: { count: 0, listed: [] },
    ancestors: new Set(),
    rootSeen: false,
  };

  constructor(
    private readonly selection: Selection,
    /** The target's jute.maxbuffer. */
    private readonly maxRequestBytes: number,
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
    if (bytes + AROUND_DATA_BYTES > this.maxRequestBytes) {
      result.tooLarge.count += 1;
      if (result.tooLarge.listed.length < MAX_LISTED)
        result.tooLarge.listed.push({ path: node.path, bytes });
    }
    if (node.stat.cversion !== 0)
      result.parents.set(node.path, { children: 0, next: node.stat.cversion });
    this.countUnderParent(node.path);
  }

  private leaveOut({ path, stat }: SourceNode): void {
    const { ephemerals } = this.result;
    ephemerals.count += 1;
    if (ephemerals.listed.length < MAX_LISTED)
      ephemerals.listed.push({
        path,
        owner: `0x${BigInt.asUintN(64, stat.ephemeralOwner).toString(16)}`,
      });
  }

  private countUnderParent(path: string): void {
    if (path === this.selection.sourceRoot) return;
    const parent = parentOf(path);
    const known = this.result.parents.get(parent);
    if (known !== undefined) known.children += 1;
    else if (!this.result.ancestors.has(parent))
      for (const ancestor of this.selection.ancestorsOf(path)) this.result.ancestors.add(ancestor);
  }
}
