/**
 * A tap where the quorum port is out of reach: a server's own snapshot, then its log, polled where it lies over SSH.
 *
 * A log holds what was proposed, not what was committed: its tail may still be taken back. What tells is the zxid that a
 * server which serves names in `srvr`: that of the last transaction it has applied, and servers apply what is committed
 * only (what one that starts has loaded from its own tail is put right by its leader before it serves). So a transaction
 * is given out when it stands in the log of a server that serves, and is not above the zxid that this very server names.
 * Another one's zxid would not do: a newer epoch's is above every tail of an older one.
 *
 * Within an epoch each zxid was proposed once, with one content, so a log that goes on number by number lacks nothing.
 * Where an epoch ends, one log alone does not tell (see ../capture/fillFromMembers.ts): there the logs of a majority are
 * read, and the first transaction of the new epoch is waited for. A snapshot counts where it was written in the epoch of
 * now, since those of older ones may have been written on a tail; where there is none yet, the newest one that a
 * majority's logs lead on from.
 *
 * What is committed arrives a poll later. Lost with the ensemble: what was committed since the last poll.
 */
import { pause } from '../pause';
import { EventQueue } from '../tap/eventQueue';
import { eventsOf } from '../tap/tapEvents';
import type { Tap, TapEvent } from '../tap/tap';
import { counterOf, epochOf } from '../../codec/quorum/packet';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { OperationContext } from '../../model/ports';
import { fillFromMembers } from '../capture/fillFromMembers';
import { fetchBase } from './fetchBase';
import { LogTail } from './logTail';
import { appliedBy, majorityOf, type FileSource, type FileTapOptions } from './sources';

export type { FileTapOptions } from './sources';

const MAX_EVENTS = 100_000;
const MAX_BYTES = 64 << 20;
const POLL_MS = 1_000;
/** A log that does not lead on for so long is passed over by a snapshot, which leaves a range unseen. */
const STUCK_MS = 60_000;

/** Starts at once. `take` rejects with ZooKeeperUnavailable after `giveUpAfterMs` without a server to read from. */
export function openFileTap(options: FileTapOptions): Tap {
  return new FileTap(options);
}

class FileTap implements Tap {
  lastZxid: bigint;
  trouble: string | undefined;
  private readonly queue = new EventQueue<TapEvent>(MAX_EVENTS, MAX_BYTES);
  private readonly closing = new AbortController();
  private readonly context: OperationContext;
  private readonly running: Promise<void>;
  private source: FileSource | undefined;
  private tail: LogTail | undefined;
  /** A snapshot may be of the very beginning, whose zxid is 0. */
  private begun: boolean;
  private attached = false;
  private by: 'diff' | 'snap' = 'diff';
  /** When all was last as it should be. */
  private wellAt = performance.now();

  constructor(private readonly options: FileTapOptions) {
    const { from = 0n, signal } = options;
    this.lastZxid = from;
    this.begun = options.from !== undefined;
    this.context = {
      signal: AbortSignal.any([this.closing.signal, ...(signal ? [signal] : [])]),
      heartbeat: () => undefined,
    };
    this.running = this.run().then(
      () => this.queue.end(),
      (error: Error) => this.queue.end(this.context.signal.aborted ? undefined : error),
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
    this.queue.end();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.context;
    while (!signal.aborted) {
      try {
        await this.round();
        this.wellAt = performance.now();
        this.trouble = undefined;
      } catch (error) {
        if (signal.aborted) return;
        if (!isZkferryError(error)) throw error;
        this.trouble = error.message;
        this.lost(error.message);
        await this.afterFailure(error);
      }
      await pause(this.options.pollMs ?? POLL_MS, signal);
    }
  }

  private async afterFailure(error: ZkferryError): Promise<void> {
    const withoutMs = performance.now() - this.wellAt;
    const { giveUpAfterMs = 120_000 } = this.options;
    if (withoutMs >= giveUpAfterMs)
      throw new ZkferryError(
        'ZooKeeperUnavailable',
        `no server's files could be followed for ${Math.round(withoutMs / 1_000)} s: ${error.message}`,
        { retryable: true, cause: error },
      );
    if (withoutMs < STUCK_MS || !this.begun) return;
    const serving = await appliedBy(this.options, this.context);
    await this.begin(serving, this.lastZxid).catch(() => undefined);
  }

  private async round(): Promise<void> {
    const serving = await appliedBy(this.options, this.context);
    if (!this.begun) await this.begin(serving);
    const source = this.choose(serving);
    if (source.zxid > this.lastZxid) await this.follow(source, serving);
    await this.queue.room();
    if (!this.attached && this.isAbreast(source)) this.attach(source);
  }

  private isAbreast({ zxid }: FileSource): boolean {
    return zxid <= this.lastZxid || counterOf(zxid) === 0n;
  }

  /** The one that was read before, while it serves and is not behind; else the one that has applied most. */
  private choose(serving: readonly FileSource[]): FileSource {
    const before = this.source?.server.name;
    const same = serving.find(
      ({ server, zxid }) => server.name === before && zxid >= this.lastZxid,
    );
    const chosen = same ?? serving[0]!;
    if (chosen.server.name !== before) this.tail = undefined;
    this.source = chosen;
    return chosen;
  }

  private async follow(source: FileSource, serving: readonly FileSource[]): Promise<void> {
    if (epochOf(source.zxid) === epochOf(this.lastZxid)) {
      this.tail ??= new LogTail(this.options.host, source.server, this.context);
      try {
        for await (const { zxid, bytes } of this.tail.read(this.lastZxid, source.zxid))
          await this.give(zxid, bytes);
      } catch (error) {
        this.tail = undefined;
        this.source = undefined;
        throw error;
      }
      return;
    }
    // A log of the new epoch tells what of the old one stands, once there is a transaction in it.
    if (counterOf(source.zxid) === 0n) return;
    this.tail = undefined;
    const logs = {
      host: this.options.host,
      serving: serving
        .filter(({ server }) => server.role === 'participant')
        .map(({ server }) => server),
      majority: majorityOf(this.options.members),
      heartbeat: () => undefined,
    };
    const range = { after: this.lastZxid, upTo: source.zxid };
    for await (const { zxid, bytes } of fillFromMembers(logs, range, this.context.signal))
      await this.give(zxid, bytes);
  }

  private async give(zxid: bigint, bytes: Buffer): Promise<void> {
    if (this.queue.full) await this.queue.room();
    this.context.signal.throwIfAborted();
    const receivedAt = performance.timeOrigin + performance.now();
    this.queue.push({ kind: 'txn', zxid, bytes, receivedAt }, bytes.length);
    this.lastZxid = zxid;
  }

  /** From a snapshot; `after`: what was given out before. */
  private async begin(serving: readonly FileSource[], after?: bigint): Promise<void> {
    const { file, bytes, zxid } = await fetchBase(this.options, serving, this.context, after);
    const unseen = after === undefined ? {} : { unseen: { after, upTo: zxid } };
    this.begun = true;
    this.queue.push({ kind: 'snapshot', file, bytes, zxid, ...unseen }, 0);
    this.lastZxid = zxid;
    this.by = 'snap';
    this.attached = false;
    this.tail = undefined;
  }

  private attach({ server, version }: FileSource): void {
    const { host, clientPort } = server;
    this.attached = true;
    this.queue.push(
      {
        kind: 'attached',
        leader: {
          ...{ host, clientPort, quorumHost: host, quorumPort: 0 },
          ...(version !== undefined && { version }),
        },
        epoch: epochOf(this.lastZxid),
        by: this.by,
        zxid: this.lastZxid,
      },
      0,
    );
    this.by = 'diff';
  }

  private lost(reason: string): void {
    if (!this.attached) return;
    this.attached = false;
    this.queue.push({ kind: 'lost', reason, zxid: this.lastZxid }, 0);
  }
}
