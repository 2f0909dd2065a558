/**
 * A snapshot file and the transactions after it, as one tree at one zxid. The snapshot is fuzzy: written
 * while transactions went on, so only the transactions make it whole.
 */
import type { SessionRecord, SnapshotNode, SnapshotTables, Txn } from '../../codec/records';
import { ZkferryError } from '../../model/errors';
import { Overlay } from '../../tree/overlay';
import type { KeptTree, SourceNode } from '../../tree/source';
import type { ReadAhead } from '../tap/readAhead';
import { sessionsAfter } from '../../tree/treeFacts';
import { readSnapshotFile } from './snapshotFile';

/** A tree that is no larger stays in memory where it will be read again. */
export const MAX_REMEMBERED_BYTES = 64 << 20;
/** What a node takes beside its data. */
const NODE_BYTES = 400;

export class OverlaidSnapshot implements KeptTree {
  private overlay: Promise<Overlay | undefined> | undefined;
  private remembered: SourceNode[][] | undefined;
  private ahead: ReadAhead | undefined;
  private readonly isOurs: boolean;

  constructor(
    readonly file: string,
    readonly txns: readonly Txn[],
    /** `isOurs`: this process wrote the file. `ahead`: what it holds, where it was read while it came in. */
    { isOurs = false, ahead }: { isOurs?: boolean; ahead?: ReadAhead | undefined } = {},
  ) {
    this.isOurs = isOurs;
    this.ahead = ahead;
  }

  async *nodes(again = false): AsyncGenerator<SourceNode[]> {
    if (this.remembered !== undefined) return yield* this.remembered;
    let batches: SourceNode[][] | undefined = again ? [] : undefined;
    let bytes = 0;
    for await (const batch of this.read()) {
      if (batches !== undefined)
        for (const { data } of batch) bytes += NODE_BYTES + (data?.length ?? 0);
      if (bytes > MAX_REMEMBERED_BYTES) batches = undefined;
      batches?.push(batch);
      yield batch;
    }
    this.remembered = batches;
    this.ahead = undefined;
  }

  private async *snapshot(): AsyncGenerator<{ tables: SnapshotTables; nodes: SnapshotNode[] }> {
    const { ahead } = this;
    if (ahead === undefined) yield* readSnapshotFile(this.file, this.isOurs);
    else for (const nodes of ahead.nodes) yield { tables: ahead.tables, nodes };
  }

  private async *read(): AsyncGenerator<SourceNode[]> {
    const overlay = await (this.overlay ??= this.prepare());
    for await (const { nodes } of this.snapshot()) {
      if (overlay === undefined) {
        if (allHaveAcl(nodes)) yield nodes;
        continue;
      }
      const batch: SourceNode[] = [];
      for (const node of nodes) {
        if (overlay.isTouched(node)) this.pushCurrent(batch, overlay, node.path);
        else if (hasAcl(node)) batch.push(node);
      }
      if (batch.length > 0) yield batch;
    }
    if (overlay === undefined) return;
    const created: SourceNode[] = [];
    for (const node of overlay.created()) this.pushCurrent(created, overlay, node.path);
    if (created.length > 0) yield created;
  }

  async sessions(): Promise<SessionRecord[]> {
    for await (const { tables } of readSnapshotFile(this.file))
      return sessionsAfter(tables.sessions, this.txns);
    return sessionsAfter([], this.txns);
  }

  private pushCurrent(batch: SourceNode[], overlay: Overlay, path: string): void {
    const current = overlay.current(path);
    if (current === undefined) return;
    if (current.acl === null) throw unknownAcl(path);
    batch.push({ path, data: current.data, acl: current.acl, stat: current.stat });
  }

  /** The touched nodes as they are in the snapshot, and then as the transactions leave them. */
  private async prepare(): Promise<Overlay | undefined> {
    if (this.txns.length === 0) return undefined;
    let overlay: Overlay | undefined;
    for await (const { tables, nodes } of this.snapshot()) {
      overlay ??= new Overlay(tables, this.txns);
      if (overlay.isEmpty) return undefined;
      for (const node of nodes) if (overlay.isTouched(node)) overlay.learn(node);
    }
    overlay?.settle();
    return overlay;
  }
}

function hasAcl(node: SnapshotNode): node is SnapshotNode & SourceNode {
  if (node.acl === undefined) throw unknownAcl(node.path);
  return true;
}

const allHaveAcl = (nodes: SnapshotNode[]): nodes is (SnapshotNode & SourceNode)[] =>
  nodes.every(hasAcl);

const unknownAcl = (path: string): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the ACL of ${path} is not in the snapshot's own list: take the snapshot of another server`,
  );
