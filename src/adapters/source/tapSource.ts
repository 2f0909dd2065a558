/** An ensemble's tree through its leader's quorum port: whole, consistent at one zxid, with real ACLs and node types. */
import { rm } from 'node:fs/promises';
import type { SessionRecord, Txn } from '../../codec/records';
import { decodeTxn } from '../../codec/txn';
import { ZkferryError } from '../../model/errors';
import type { SourceNode, TreeSource } from '../../tree/source';
import type { ReadAhead } from '../tap/readAhead';
import { openTap, type Tap, type TapEvent, type TapLeader, type TapOptions } from '../tap/tap';
import { OverlaidSnapshot } from './overlaidSnapshot';

/** Transactions committed while the snapshot was taken, held until the tree has been read. */
const MAX_OVERLAY_BYTES = 256 << 20;

export interface TappedTree {
  /** Its file is the caller's to remove. */
  tree: OverlaidSnapshot;
  zxid: bigint;
  leader: TapLeader;
  /** Taken from the tap already; they come after the transaction `zxid`. */
  later: TapEvent[];
}

/**
 * Takes events until a tree is whole; the tap goes on behind it. `taken`: events that were taken before, the
 * snapshot among them. Interrupted where the tap is closed; nothing is left on disk after a failure.
 */
export async function takeTree(
  tap: Tap,
  shown: string,
  taken: TapEvent[] = [],
): Promise<TappedTree> {
  let file: string | undefined;
  let readAhead: ReadAhead | undefined;
  let txns: Txn[] = [];
  let bytes = 0;
  try {
    for (let events = taken; ; events = await takeSome(tap)) {
      for (const [index, event] of events.entries()) {
        if (event.kind === 'snapshot') {
          if (file !== undefined) await rm(file, { force: true });
          ({ file, readAhead } = event);
          txns = [];
          bytes = 0;
        } else if (event.kind === 'txn') {
          bytes += event.bytes.length;
          txns.push(decodeTxn(Buffer.from(event.bytes)));
        } else if (event.kind === 'attached' && file !== undefined) {
          const { zxid, leader } = event;
          const tree = new OverlaidSnapshot(file, txns, { isOurs: true, ahead: readAhead });
          return { tree, zxid, leader, later: events.slice(index + 1) };
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
    if (file !== undefined) await rm(file, { force: true });
    throw error;
  }
}

async function takeSome(tap: Tap): Promise<TapEvent[]> {
  const events = await tap.take();
  if (events.length === 0) throw new ZkferryError('Interrupted', 'the tap was closed');
  return events;
}

export class TapSource implements TreeSource {
  readonly knowsTypes = true;

  constructor(
    readonly shown: string,
    readonly zxid: bigint,
    readonly kept: OverlaidSnapshot,
  ) {}

  /** Resolves once the tree is whole on local disk, and the leader is left alone again. `shown`: the ensemble, for messages. */
  static async open(shown: string, options: TapOptions): Promise<TapSource> {
    const tap = openTap(options);
    try {
      return TapSource.of(shown, await takeTree(tap, shown));
    } finally {
      await tap.close();
    }
  }

  static of(shown: string, { tree, zxid, leader }: TappedTree): TapSource {
    const through = `${shown}, read through the quorum port of ${leader.host}`;
    return new TapSource(through, zxid, tree);
  }

  nodes(again?: boolean): AsyncGenerator<SourceNode[]> {
    return this.kept.nodes(again);
  }

  /** As of the same transaction as the nodes. */
  sessions(): Promise<SessionRecord[]> {
    return this.kept.sessions();
  }

  async close(): Promise<void> {
    await rm(this.kept.file, { force: true });
  }
}
