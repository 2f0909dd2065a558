/**
 * Writes a stream of transactions into a repository, as far behind as one write takes:
 *
 *   1. flush   whatever waits becomes a piece, as soon as the piece before it is durable
 *   2. merge   once a second the pieces of that second become one
 *   3. seal    after a minute, or 16 MiB, all pieces become a segment, which the manifest names; then they go
 *
 * The plain transactions of unsealed pieces are kept in memory, since what is encrypted cannot be read back here.
 * A repository that cannot be written to is tried again and again; meanwhile transactions wait in the spool.
 */
import { isZkferryError } from '../../model/errors';
import type { LogObject } from '../../model/repository';
import { LagMeter, type Lag } from './lagMeter';
import { pause } from '../pause';
import type { Manifest } from './manifest';
import { PendingLog, type CapturedTxn } from './pendingLog';
import type { Shelf } from './shelf';
import type { SpoolQueue } from './spoolQueue';
import { nowMs } from './timing';

export interface LogWriterOptions {
  shelf: Shelf;
  manifest: Manifest;
  queue: SpoolQueue;
  /** The last transaction that is in the repository already. */
  after: bigint;
  segmentMs: number;
  segmentBytes: number;
  /** Before a seal: rejects with WriterReplaced where another writer has taken over. */
  checkClaim: () => Promise<void>;
  signal: AbortSignal;
}

export interface WriterCounts {
  txns: number;
  plainBytes: number;
  storedBytes: number;
  pieces: number;
  segments: number;
}

/** Of one piece at most. */
const PIECE_BYTES = 4 << 20;
/** Of one merge or seal at most: they fall behind where the repository is slow. */
const MERGED_BYTES = 32 << 20;
/** Kept in memory until they are sealed: with more nothing else is written. */
const UNSEALED_BYTES = 64 << 20;
const MERGE_EVERY_MS = 1_000;
const FIRST_RETRY_MS = 200;
const MOST_RETRY_MS = 5_000;

interface Unsealed {
  log: PendingLog;
  object: LogObject;
}

export class LogWriter {
  readonly lagMeter = new LagMeter();
  readonly counts: WriterCounts = {
    txns: 0,
    plainBytes: 0,
    storedBytes: 0,
    pieces: 0,
    segments: 0,
  };
  /** Why the repository does not take what is written, since when; undefined while it does. */
  trouble: { reason: string; since: string } | undefined;
  private unsealed: Unsealed[] = [];
  /** How many of `unsealed`, at its end, are not merged yet. */
  private fresh = 0;
  private segmentBegan = 0;
  private unsealedBytes = 0;
  private mergedAt = 0;
  private flushedAt = -Infinity;
  /** What arrives now waits for the next write anyway. */
  private isPacing = false;
  private durable: bigint;
  /** Of the piece that is being written. */
  private inFlight: CapturedTxn[] = [];
  private wake: (() => void) | undefined;
  private ending = false;
  private tidying: Promise<void> | undefined;
  private sealNow = false;
  private readonly running: Promise<void>;
  private failure: unknown;

  constructor(private readonly options: LogWriterOptions) {
    this.durable = options.after;
    this.running = this.run().catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** The last transaction that is durable in the repository. */
  get durableUpTo(): bigint {
    return this.durable;
  }

  lag(): Lag {
    const { queue } = this.options;
    const oldest = this.inFlight[0]?.receivedAt ?? queue.oldestReceivedAt;
    return {
      txns: this.inFlight.length + queue.length,
      ms: oldest === undefined ? 0 : Math.max(0, Math.round(nowMs() - oldest)),
      ...this.lagMeter.percentiles(),
    };
  }

  /** In the order of their zxids. Rejects with what ended the writing. */
  async push(txns: readonly CapturedTxn[]): Promise<void> {
    this.throwFailure();
    await this.options.queue.push(txns);
    if (!this.isPacing) this.wake?.();
  }

  /** Everything pushed so far is durable and sealed. */
  async settle(): Promise<void> {
    await this.until(() => this.options.queue.length === 0 && this.inFlight.length === 0);
    this.sealNow = true;
    this.wake?.();
    await this.until(() => !this.sealNow && this.tidying === undefined);
  }

  /** The stream goes on after `zxid`; everything before must be settled. */
  beginAfter(zxid: bigint): void {
    this.durable = zxid;
  }

  /** Resolves after a moment, for a caller that waits until the queue has room. Rejects with what ended the writing. */
  async room(): Promise<void> {
    this.throwFailure();
    await pause(20, this.options.signal);
    this.options.signal.throwIfAborted();
  }

  /** What goes wrong beside the stream ends it too. */
  fail(error: unknown): void {
    this.failure ??= error;
    this.wake?.();
  }

  /** Writes and seals what waits, unless the signal is aborted. */
  async close(): Promise<void> {
    this.ending = true;
    this.wake?.();
    await this.running;
    await this.options.queue.close();
    this.throwFailure();
  }

  private throwFailure(): void {
    if (this.failure !== undefined) throw this.failure as Error;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.throwFailure();
      this.options.signal.throwIfAborted();
      await pause(5, this.options.signal);
    }
    this.throwFailure();
  }

  private async run(): Promise<void> {
    const { queue, signal } = this.options;
    while (!signal.aborted) {
      if (queue.length > 0) await this.flush();
      else if (this.ending) break;
      else await this.sleep();
      this.tidy();
    }
    await this.tidying;
    while (!signal.aborted && this.unsealed.length > 0) await this.seal();
  }

  private async flush(): Promise<void> {
    const { queue, shelf, signal } = this.options;
    while (this.tidying !== undefined && this.unsealedBytes > UNSEALED_BYTES) await this.tidying;
    await this.pace();
    this.flushedAt = performance.now();
    const txns = await queue.shift(PIECE_BYTES);
    this.inFlight = txns;
    const log = new PendingLog(this.durable);
    for (const txn of txns) log.add(txn);
    const object = await this.insist(() => shelf.put(log, 'piece', { signal }));
    const at = nowMs();
    for (const { receivedAt } of txns) this.lagMeter.add(at - receivedAt);
    this.durable = log.last;
    this.options.manifest.reached(log.last);
    this.inFlight = [];
    this.remember({ log, object });
    this.counts.txns += log.txns;
    this.counts.plainBytes += log.plainBytes;
    this.counts.storedBytes += object.bytes ?? 0;
    this.counts.pieces += 1;
  }

  /** Until the store may be written to again, or somebody waits for it. */
  private async pace(): Promise<void> {
    const { shelf, queue, signal } = this.options;
    this.isPacing = true;
    for (;;) {
      const waitMs = this.flushedAt + shelf.leastFlushMs - performance.now();
      if (waitMs <= 0 || this.ending || this.sealNow || signal.aborted) break;
      // What waits on disk after an outage would otherwise go out more slowly than new comes in.
      if (queue.spooledBytes > 0) break;
      await this.sleep(waitMs);
    }
    this.isPacing = false;
  }

  private remember(piece: Unsealed): void {
    if (this.unsealed.length === 0) this.segmentBegan = performance.now();
    if (this.fresh === 0) this.mergedAt = performance.now();
    this.unsealed.push(piece);
    this.fresh += 1;
    this.unsealedBytes += piece.log.plainBytes;
  }

  /** Merges and seals go on beside the pieces, one at a time. */
  private tidy(): void {
    this.throwFailure();
    if (this.tidying !== undefined) return;
    this.tidying = this.nextTidying()?.finally(() => {
      this.tidying = undefined;
      this.wake?.();
    });
    // Whoever waits for it learns of it there; nobody else may take it for unhandled.
    this.tidying?.catch((error: unknown) => {
      this.failure ??= error;
    });
  }

  private nextTidying(): Promise<void> | undefined {
    const now = performance.now();
    if (this.isDue(now)) return this.seal();
    const isTime = this.fresh > 1 && now - this.mergedAt >= MERGE_EVERY_MS;
    const isWorthIt = this.options.shelf.leastFlushMs < MERGE_EVERY_MS;
    return isTime && isWorthIt ? this.merge() : undefined;
  }

  private isDue(now: number): boolean {
    const { segmentMs, segmentBytes } = this.options;
    if (this.unsealed.length === 0) {
      this.sealNow = false;
      return false;
    }
    return (
      this.sealNow || this.unsealedBytes >= segmentBytes || now - this.segmentBegan >= segmentMs
    );
  }

  /** Whether the stream goes on beside merges and seals, and nobody waits for these. */
  private get isBackground(): boolean {
    return !this.ending && !this.sealNow && this.options.queue.spooledBytes === 0;
  }

  private async merge(): Promise<void> {
    const { shelf, signal } = this.options;
    const at = this.unsealed.length - this.fresh;
    const parts = atOnce(this.unsealed.slice(at));
    const log = PendingLog.of(parts.map((part) => part.log));
    const { isBackground } = this;
    const object = await this.insist(() => shelf.put(log, 'piece', { isBackground, signal }));
    this.unsealed.splice(at, parts.length, { log, object });
    this.fresh -= parts.length;
    this.mergedAt = performance.now();
    await this.insist(() =>
      shelf.drop(
        parts.map((part) => part.object),
        signal,
      ),
    );
  }

  private async seal(): Promise<void> {
    const { shelf, manifest, signal, checkClaim } = this.options;
    const parts = atOnce(this.unsealed);
    this.unsealed = this.unsealed.slice(parts.length);
    this.fresh = Math.min(this.fresh, this.unsealed.length);
    this.unsealedBytes = bytesOf(this.unsealed);
    this.sealNow &&= this.unsealed.length > 0;
    const log = PendingLog.of(parts.map((part) => part.log));
    const { isBackground } = this;
    const segment = await this.insist(() => shelf.put(log, 'segment', { isBackground, signal }));
    await this.insist(checkClaim);
    await this.insist(() => manifest.add([segment], signal));
    this.counts.segments += 1;
    await this.insist(() =>
      shelf.drop(
        parts.map((part) => part.object),
        signal,
      ),
    );
  }

  /** Again and again while only the repository's state stands against it. */
  async insist<T>(attempt: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(MOST_RETRY_MS, waitMs * 2)) {
      this.options.signal.throwIfAborted();
      try {
        const value = await attempt();
        this.trouble = undefined;
        return value;
      } catch (error) {
        if (!isZkferryError(error) || !error.retryable) throw error;
        this.trouble ??= { reason: error.message, since: new Date().toISOString() };
      }
      await pause(waitMs, this.options.signal);
    }
  }

  private sleep(ms = MERGE_EVERY_MS): Promise<void> {
    const { signal } = this.options;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}

const bytesOf = (parts: readonly Unsealed[]): number =>
  parts.reduce((sum, { log }) => sum + log.plainBytes, 0);

/** The first of them, at least one, as many as become one object. */
function atOnce(parts: readonly Unsealed[]): Unsealed[] {
  let bytes = 0;
  const end = parts.findIndex(({ log }) => (bytes += log.plainBytes) > MERGED_BYTES);
  return end === -1 ? [...parts] : parts.slice(0, Math.max(1, end));
}
