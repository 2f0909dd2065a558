/** An ensemble's tree through its leader's quorum port: whole, consistent at one zxid, with real ACLs and node types. */
import { rm } from 'node:fs/promises';
import type { SessionRecord, Txn } from '../../codec/records';
import { decodeTxn } from '../../codec/txn';
import { ZkferryError } from '../../model/errors';
import type { SourceNode, TreeSource } from '../../tree/source';
import { openTap, type Tap, type TapEvent, type TapOptions } from '../tap/tap';
import { OverlaidSnapshot } from './overlaidSnapshot';

/** Transactions committed while the snapshot was taken, held until the copy has read it. */
const MAX_OVERLAY_BYTES = 256 << 20;

export class TapSource implements TreeSource {
  readonly knowsTypes = true;
  private readonly tree: OverlaidSnapshot;

  private constructor(
    readonly shown: string,
    readonly zxid: bigint,
    /** Goes on behind `later`. */
    readonly tap: Tap,
    /** Came after the transaction `zxid`, and was taken from the tap already. */
    readonly later: TapEvent[],
    private readonly file: string,
    txns: Txn[],
  ) {
    this.tree = new OverlaidSnapshot(file, txns);
  }

  /** Resolves once the tree is whole on local disk. `shown`: the ensemble, for messages. */
  static async open(shown: string, options: TapOptions): Promise<TapSource> {
    const tap = openTap(options);
    let file: string | undefined;
    try {
      let txns: Txn[] = [];
      let bytes = 0;
      for (;;) {
        const events = await tap.take();
        if (events.length === 0) throw new ZkferryError('Interrupted', 'the tap was closed');
        for (const [index, event] of events.entries()) {
          if (event.kind === 'snapshot') {
            if (file !== undefined) await rm(file, { force: true });
            file = event.file;
            txns = [];
            bytes = 0;
          } else if (event.kind === 'txn') {
            bytes += event.bytes.length;
            txns.push(decodeTxn(Buffer.from(event.bytes)));
          } else if (event.kind === 'attached' && file !== undefined) {
            const through = `${shown}, read through the quorum port of ${event.leader.host}`;
            const later = events.slice(index + 1);
            return new TapSource(through, event.zxid, tap, later, file, txns);
          }
          if (bytes > MAX_OVERLAY_BYTES)
            throw new ZkferryError(
              'ZooKeeperUnavailable',
              `${shown} wrote more than ${MAX_OVERLAY_BYTES >> 20} MiB while its snapshot was taken: try again when it is quieter`,
              { retryable: true },
            );
        }
      }
    } catch (error) {
      await tap.close();
      if (file !== undefined) await rm(file, { force: true });
      throw error;
    }
  }

  nodes(): AsyncGenerator<SourceNode[]> {
    return this.tree.nodes();
  }

  /** As of the same transaction as the nodes. */
  sessions(): Promise<SessionRecord[]> {
    return this.tree.sessions();
  }

  async close(): Promise<void> {
    await this.tap.close();
    await rm(this.file, { force: true });
  }
}
