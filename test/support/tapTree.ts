/** A tree kept up by a tap, as a consumer of the tap would keep it. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Tap, TapEvent } from '../../src/adapters/tap';
import { follows } from '../../src/codec/quorum/packet';
import { readSnapshot } from '../../src/codec/snapshot';
import { decodeTxn } from '../../src/codec/txn';
import { DataTree } from '../../src/tree/dataTree';

export class TapTree {
  readonly kinds: string[] = [];
  tree: DataTree | undefined;
  last = 0n;
  transactions = 0;
  digestsMatched = 0;
  digestsMismatched = 0;
  error: Error | undefined;
  private gate: Promise<void> | undefined;
  private settled = false;

  /** `before`: what was kept up by another tap, which this one goes on after; its tree is taken over. */
  constructor(
    readonly tap: Tap,
    before?: TapTree,
  ) {
    if (before !== undefined) ({ tree: this.tree, last: this.last } = before);
    void this.follow().catch((error: Error) => {
      this.error = error;
    });
  }

  get attachments(): number {
    return this.kinds.filter((kind) => kind === 'attached').length;
  }

  /** A fuzzy snapshot's tree has parts of later transactions until the tap is attached. */
  get isSettled(): boolean {
    return this.settled;
  }

  /** Nothing is taken from the tap until `work` is done. */
  async whilePaused(work: () => Promise<void>): Promise<void> {
    let goOn!: () => void;
    this.gate = new Promise((resolve) => (goOn = resolve));
    try {
      await work();
    } finally {
      this.gate = undefined;
      goOn();
    }
  }

  private async follow(): Promise<void> {
    for await (const event of this.tap) {
      await this.gate;
      await this.accept(event);
    }
  }

  private async accept(event: TapEvent): Promise<void> {
    if (event.kind === 'txn') return this.apply(event.zxid, event.bytes);
    this.kinds.push(event.kind);
    if (event.kind === 'snapshot') await this.load(event);
    if (event.kind === 'attached') this.settled = true;
    if (event.kind === 'reset') this.last = 0n;
  }

  private apply(zxid: bigint, bytes: Buffer): void {
    if (!follows(zxid, this.last)) {
      throw new Error(`0x${zxid.toString(16)} came after 0x${this.last.toString(16)}`);
    }
    const { digestMatches } = this.tree!.apply(decodeTxn(bytes));
    if (this.settled && digestMatches === true) this.digestsMatched += 1;
    if (this.settled && digestMatches === false) this.digestsMismatched += 1;
    this.last = zxid;
    this.transactions += 1;
  }

  private async load(event: Extract<TapEvent, { kind: 'snapshot' }>): Promise<void> {
    const unseenFrom = event.unseen?.after ?? 0n;
    if (unseenFrom !== this.last)
      throw new Error('a snapshot that does not say what it passes over');
    this.settled = false;
    this.tree = undefined;
    const chunks = createReadStream(event.file, { highWaterMark: 1 << 20 });
    for await (const part of readSnapshot(chunks as AsyncIterable<Buffer>)) {
      if (part.kind === 'tables') this.tree = new DataTree(part.tables, { lastZxid: event.zxid });
      else if (part.kind === 'nodes') for (const node of part.nodes) this.tree!.addNode(node);
      else if (part.end.kind !== 'complete') throw new Error(`the snapshot is ${part.end.kind}`);
    }
    this.tree!.loaded();
    this.last = event.zxid;
    await rm(event.file);
  }
}
