/**
 * What the transactions after a fuzzy snapshot change in it, without the tree in memory: only the nodes
 * they touch are held. Two passes over the snapshot: `learn` what is touched, then read all of it with
 * `current` in place of each touched node, and `created` behind them.
 */
import type { SnapshotTables, Txn, TxnBody, ZnodeRecord } from '../codec/records';
import { DataTree, NO_STAT, type TreeZnode } from './dataTree';
import { parentOf } from './paths';

const PLACEHOLDER = { data: null, aclId: -1n } as const;

export class Overlay {
  private readonly touched = new Set<string>();
  private readonly closedSessions = new Set<bigint>();
  private readonly known = new Set<string>();
  private readonly tree: DataTree;

  constructor(
    tables: SnapshotTables,
    private readonly txns: readonly Txn[],
  ) {
    this.tree = new DataTree(tables, { digests: false });
    for (const { header, body } of txns) this.mark(header.clientId, body);
  }

  /** Nothing was changed: one pass will do, and no node needs to be learnt. */
  get isEmpty(): boolean {
    return this.touched.size === 0 && this.closedSessions.size === 0;
  }

  isTouched({ path, stat }: ZnodeRecord): boolean {
    return (
      this.touched.has(path) ||
      (stat.ephemeralOwner !== 0n && this.closedSessions.has(stat.ephemeralOwner))
    );
  }

  /** Each touched node of the snapshot, in the snapshot's order. */
  learn(node: ZnodeRecord): void {
    this.placeAncestors(node.path);
    this.tree.addNode(node);
    this.known.add(node.path);
  }

  /** To be called after the first pass. */
  settle(): void {
    this.placeAncestors('/.');
    for (const path of this.touched) if (!this.tree.has(path)) this.placeAncestorsKnown(path);
    this.tree.loaded();
    for (const txn of this.txns) this.tree.apply(txn);
  }

  /** As it is after all transactions; undefined once deleted. */
  current(path: string): TreeZnode | undefined {
    return this.tree.get(path);
  }

  /** Nodes the snapshot does not have, parents first. */
  *created(): Generator<TreeZnode> {
    for (const node of this.tree.nodes())
      if (!this.known.has(node.path) && this.touched.has(node.path)) yield node;
  }

  private placeAncestors(path: string): void {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const ancestor = slash === 0 ? '/' : path.substring(0, slash);
      if (ancestor !== path && !this.tree.has(ancestor)) this.place(ancestor);
    }
  }

  /** A touched parent that the snapshot lacks is created by a transaction, or was deleted: no placeholder. */
  private placeAncestorsKnown(path: string): void {
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const ancestor = path.substring(0, slash);
      if (this.tree.has(ancestor)) continue;
      if (this.touched.has(ancestor)) return;
      this.place(ancestor);
    }
  }

  private place(path: string): void {
    this.tree.addNode({ path, ...PLACEHOLDER, stat: { ...NO_STAT } });
  }

  private mark(clientId: bigint, body: TxnBody): void {
    switch (body.kind) {
      case 'multi':
        for (const part of body.txns) this.mark(clientId, part);
        return;
      case 'closeSession':
        this.closedSessions.add(clientId);
        for (const path of body.paths ?? []) this.touch(path);
        return;
      case 'error':
      case 'createSession':
      case 'check':
        return;
      default:
        this.touch(body.path);
    }
  }

  /** Creating and deleting changes the parent too. */
  private touch(path: string): void {
    this.touched.add(path);
    if (path !== '/') this.touched.add(parentOf(path));
  }
}
