/**
 * A tap of an ensemble that gives whole trees only: one is taken, told as a snapshot, and nothing comes after it. What was
 * committed between the tree before (`from`) and this one stays unseen.
 */
import { rm } from 'node:fs/promises';
import { epochOf } from '../../codec/quorum/packet';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { zxidText } from '../../model/zxid';
import { pause } from '../pause';
import { EventQueue } from '../tap/eventQueue';
import type { TapLeader } from '../tap/events';
import type { Tap, TapEvent, TapOptions } from '../tap/tap';
import { eventsOf } from '../tap/tapEvents';

export interface TakenTree {
  /** A whole snapshot file of the 3.4 layout; the taker's to remove. */
  file: string;
  bytes: number;
  /** Nothing later is in it. */
  zxid: bigint;
  /** Everything up to here is in it; absent where that is `zxid`. */
  readFrom?: bigint;
  /** Who gave it. */
  server: Pick<TapLeader, 'host' | 'clientPort' | 'version'>;
}

export interface TakeOptions {
  /** Made where missing, readable by the owner only. */
  directory: string;
  /** Of the tree before. What is older is given only where the ensemble itself is. */
  from?: bigint;
  signal: AbortSignal;
}

/** Rejects with a ZkferryError; retryable where trying again may do. */
export type TakeTree = (options: TakeOptions) => Promise<TakenTree>;

export interface SnapshotTapOptions extends Pick<
  TapOptions,
  'directory' | 'from' | 'signal' | 'giveUpAfterMs'
> {
  take: TakeTree;
  /** Between two tries. Default 2 s. */
  retryMs?: number;
}

const RETRY_MS = 2_000;
const GIVE_UP_AFTER_MS = 120_000;
const MAX_EVENTS = 8;

/** Starts at once. `take` rejects with what stands against it, where that can pass after `giveUpAfterMs`. */
export function openSnapshotTap(options: SnapshotTapOptions): Tap {
  return new SnapshotTap(options);
}

class SnapshotTap implements Tap {
  lastZxid: bigint;
  trouble: string | undefined;
  private readonly queue = new EventQueue<TapEvent>(MAX_EVENTS, Infinity);
  private readonly closing = new AbortController();
  private readonly signal: AbortSignal;
  private readonly running: Promise<void>;

  constructor(private readonly options: SnapshotTapOptions) {
    const { from = 0n, signal } = options;
    this.lastZxid = from;
    this.signal = AbortSignal.any([this.closing.signal, ...(signal ? [signal] : [])]);
    this.signal.addEventListener('abort', () => this.queue.end(), { once: true });
    this.running = this.run().catch((error: Error) =>
      this.queue.end(this.signal.aborted ? undefined : error),
    );
  }

  take(): Promise<TapEvent[]> {
    return this.queue.take();
  }

  [Symbol.asyncIterator](): AsyncIterator<TapEvent> {
    return eventsOf(this);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const tree = await this.taken();
    this.trouble = undefined;
    // Nobody takes the event any more.
    if (this.signal.aborted) await rm(tree.file, { force: true });
    else this.tell(tree);
  }

  private async taken(): Promise<TakenTree> {
    const { take, directory, from, retryMs = RETRY_MS } = this.options;
    const { giveUpAfterMs = GIVE_UP_AFTER_MS } = this.options;
    const began = performance.now();
    for (;;) {
      this.signal.throwIfAborted();
      try {
        return await take({ directory, signal: this.signal, ...(from !== undefined && { from }) });
      } catch (error) {
        this.signal.throwIfAborted();
        if (!isZkferryError(error) || !error.retryable) throw error;
        this.trouble = error.message;
        const triedMs = performance.now() - began;
        if (triedMs >= giveUpAfterMs)
          throw new ZkferryError(
            error.type,
            `no base for ${Math.round(triedMs / 1_000)} s: ${error.message}`,
            { ...error.options, cause: error },
          );
      }
      await pause(retryMs, this.signal);
    }
  }

  private tell({ file, bytes, zxid, readFrom, server }: TakenTree): void {
    const { from } = this.options;
    const isOlder = from !== undefined && zxid < from;
    if (isOlder)
      this.queue.push(
        {
          kind: 'reset',
          reason: `the ensemble is at ${zxidText(zxid)}, before ${zxidText(from)}: it was put back`,
          after: from,
          leaderZxid: zxid,
        },
        0,
      );
    const hasUnseen = from !== undefined && zxid > from;
    this.lastZxid = zxid;
    this.queue.push(
      {
        ...{ kind: 'snapshot', file, bytes, zxid },
        ...(readFrom !== undefined && { readFrom }),
        ...(hasUnseen && { unseen: { after: from, upTo: zxid } }),
      },
      0,
    );
    const leader = { ...server, quorumHost: server.host, quorumPort: 0 };
    this.queue.push({ kind: 'attached', leader, epoch: epochOf(zxid), by: 'snap', zxid }, 0);
  }
}
