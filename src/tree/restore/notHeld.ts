/** What a release cannot hold of a tree and its log: containers, nodes with a time to live, changes of the members. */
import type { SnapshotNode, Txn, TxnBody } from '../../codec/records';
import { zxidText } from '../../model/zxid';
import { nodeType } from '../nodeType';

/** Of each kind; the rest is counted. */
const LISTED = 20;

export interface NotHeld {
  /** There at the end: they would be taken for ephemerals of dead sessions, and deleted. */
  nodes: { path: string; type: 'container' | 'ttl'; zxid: string }[];
  nodeCount: number;
  /** Changes of the members by reconfig: what is left of them is a znode. */
  reconfigs: { path: string; zxid: string }[];
  reconfigCount: number;
}

/** Fed with a base, then with the log after it. Keeps those nodes alone, not the tree. */
export class NotHeldWatch {
  private readonly nodes = new Map<string, { type: 'container' | 'ttl'; zxid: bigint }>();
  private readonly reconfigs: NotHeld['reconfigs'] = [];
  private reconfigCount = 0;

  node({
    path,
    stat,
  }: Pick<SnapshotNode, 'path'> & { stat: { ephemeralOwner: bigint; czxid: bigint } }): void {
    const type = nodeType(stat.ephemeralOwner);
    if (type === 'container' || type === 'ttl') this.nodes.set(path, { type, zxid: stat.czxid });
  }

  txn({ header, body }: Pick<Txn, 'header' | 'body'>): void {
    this.apply(body, header.zxid);
  }

  private apply(body: TxnBody, zxid: bigint): void {
    switch (body.kind) {
      case 'createContainer':
        this.nodes.set(body.path, { type: 'container', zxid });
        break;
      case 'createTtl':
        this.nodes.set(body.path, { type: 'ttl', zxid });
        break;
      case 'delete':
      case 'deleteContainer':
        this.nodes.delete(body.path);
        break;
      case 'reconfig':
        this.reconfigCount += 1;
        if (this.reconfigs.length < LISTED)
          this.reconfigs.push({ path: body.path, zxid: zxidText(zxid) });
        break;
      case 'multi':
        for (const part of body.txns) this.apply(part, zxid);
    }
  }

  finish(): NotHeld {
    const { reconfigs, reconfigCount } = this;
    const nodes = [...this.nodes].slice(0, LISTED).map(([path, { type, zxid }]) => ({
      ...{ path, type },
      zxid: zxidText(zxid),
    }));
    return { nodes, nodeCount: this.nodes.size, reconfigs, reconfigCount };
  }
}
