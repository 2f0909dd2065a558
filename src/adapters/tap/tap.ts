/**
 * Follows an ensemble as an observer that is in no configuration: the whole tree, then every committed
 * transaction, over whichever server leads. It acknowledges no transaction, so that no quorum counts it, and
 * lets itself be dropped rather than make a leader wait.
 */
import { isZkferryError, ZkferryError } from '../../model/errors';
import { pause } from '../pause';
import { Attachment, type AttachmentEnd } from './attachment';
import { connectLeader } from './connectLeader';
import { EventQueue } from './eventQueue';
import type { TapEvent } from './events';
import type { TapServer } from './findLeader';
import type { QuorumSecurity } from './quorumSocket';
import { eventsOf } from './tapEvents';

export type { TapEvent, TapLeader, UnseenRange } from './events';
export type { TapServer } from './findLeader';
export type { QuorumSecurity } from './quorumSocket';

export interface TapOptions {
  /** The client addresses of all members; 1–64. */
  servers: readonly TapServer[];
  /** What the quorum ports demand: TLS, SASL, both. Nothing by default. */
  security?: QuorumSecurity;
  /** Where snapshots are put, each in a file of its own; made where missing, readable by the owner only. */
  directory: string;
  /** Go on after this zxid, the last transaction the caller has. Without it the tap begins with a snapshot. */
  from?: bigint;
  /** Events waiting for the consumer; beyond it nothing is read. Default 100,000. */
  maxQueuedEvents?: number;
  /** Bytes of those events. The consumer holds up to as much again, in what it took last. Default 64 MiB. */
  maxQueuedBytes?: number;
  /** Must stay free where snapshots are put. Default 512 MiB. */
  minFreeBytes?: number;
  /** Most time a snapshot may stand still before the tap hangs up. Default 10 s. */
  snapshotStallMs?: number;
  /** Snapshots up to this size come with their nodes. Default 0: none. */
  readAheadBytes?: number;
  /** Most time an attached leader, which pings twice a tick, may say nothing. Default: its syncLimit × tickTime, at least 4 s. */
  silenceMs?: number;
  /** For connecting and shaking hands with one leader. Default 10 s. */
  connectTimeoutMs?: number;
  /** Without a leader for this long the tap ends in ZooKeeperUnavailable; Infinity never. Default 120 s. */
  giveUpAfterMs?: number;
  signal?: AbortSignal;
}

export interface Tap extends AsyncIterable<TapEvent> {
  /**
   * All events that wait, at least one; none once the tap was closed. One consumer at a time. Rejects with what
   * ended the tap: ZooKeeperUnavailable, ZooKeeperAuthFailed, NoDiskSpace, Unsupported.
   */
  take(): Promise<TapEvent[]>;
  /** The last transaction or snapshot handed to the queue; 0 before any. */
  readonly lastZxid: bigint;
  /** What came of the last try to attach, where it came to nothing. */
  readonly trouble?: string;
  /** Leaves the leader; events that wait are still given out. Idempotent. */
  close(): Promise<void>;
}

const MAX_SERVERS = 64;
const MIB = 1024 * 1024;
const FIRST_RETRY_MS = 50;
const MOST_RETRY_MS = 2_000;
/** A connection that lasted this long was a good one: the next failure starts from the shortest pause. */
const LASTING_MS = 5_000;

/** Starts at once. InvalidInput for options out of range; everything else comes through `take`. */
export function openTap(options: TapOptions): Tap {
  if (options.servers.length === 0 || options.servers.length > MAX_SERVERS) {
    throw new ZkferryError(
      'InvalidInput',
      `expected 1–${MAX_SERVERS} servers, got ${options.servers.length}`,
    );
  }
  return new LearnerTap(options);
}

export const queueOf = ({
  maxQueuedEvents = 100_000,
  maxQueuedBytes = 64 * MIB,
}: TapOptions): EventQueue<TapEvent> => new EventQueue(maxQueuedEvents, maxQueuedBytes);

class LearnerTap implements Tap {
  trouble: string | undefined;
  private readonly queue: EventQueue<TapEvent>;
  private readonly closing = new AbortController();
  private readonly running: Promise<void>;
  private last: bigint;
  /** Where to ask the leader to go on from; 0 where only a snapshot helps. */
  private ask: bigint;
  private truncated = false;
  private attachment: Attachment | undefined;
  private gapAt: bigint | undefined;
  private attempts = 0;
  private withoutLeaderSince = performance.now();

  constructor(private readonly options: TapOptions) {
    const { from = 0n, signal } = options;
    this.queue = queueOf(options);
    this.last = from;
    this.ask = from;
    if (signal?.aborted) this.closing.abort();
    const onAbort = (): void => this.closing.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.running = this.run()
      .then(
        () => this.queue.end(),
        (error: Error) => this.queue.end(this.closing.signal.aborted ? undefined : error),
      )
      .finally(() => signal?.removeEventListener('abort', onAbort));
  }

  get lastZxid(): bigint {
    return this.attachment?.delivered ?? this.last;
  }

  take(): Promise<TapEvent[]> {
    return this.queue.take();
  }

  /** Leaving the loop closes the tap. */
  [Symbol.asyncIterator](): AsyncIterator<TapEvent> {
    return eventsOf(this);
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.queue.end();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      if (this.queue.full) {
        // Attached with a full queue, we would only be dropped again.
        await this.queue.room();
        this.withoutLeaderSince = performance.now();
        continue;
      }
      const end = await this.attachOnce();
      if (end.kind === 'failed') throw end.error;
      if (signal.aborted) return;
      this.afterwards(end);
      await this.pause();
    }
  }

  private async attachOnce(): Promise<AttachmentEnd> {
    const { servers, security, connectTimeoutMs = 10_000, directory } = this.options;
    const { minFreeBytes = 512 * MIB, snapshotStallMs = 10_000, silenceMs } = this.options;
    const { readAheadBytes = 0 } = this.options;
    const { signal } = this.closing;
    let connection;
    try {
      connection = await connectLeader({
        ...{ servers, security, signal },
        lastZxid: this.ask,
        timeoutMs: connectTimeoutMs,
      });
    } catch (error) {
      return this.notConnected(error);
    }
    let attachedAt: number | undefined;
    const attachment = new Attachment(connection, this.queue, {
      ...{ directory, minFreeBytes, snapshotStallMs, silenceMs, readAheadBytes },
      seenUpTo: this.last,
      onAttached: () => {
        attachedAt = performance.now();
        this.trouble = undefined;
        this.ask = attachment.delivered;
        this.truncated = false;
      },
    });
    this.attachment = attachment;
    const end = await attachment.run(signal);
    this.attachment = undefined;
    if (attachment.delivered !== this.last) this.ask = attachment.delivered;
    this.last = attachment.delivered;
    if (end.kind === 'lost') this.trouble = end.reason;
    if (attachedAt !== undefined) {
      this.withoutLeaderSince = performance.now();
      if (performance.now() - attachedAt > LASTING_MS) this.attempts = 0;
      if (end.kind === 'lost') {
        this.queue.push({ kind: 'lost', reason: end.reason, zxid: this.last }, 0);
      }
    }
    return end;
  }

  private notConnected(error: unknown): AttachmentEnd {
    if (!isZkferryError(error) || !error.retryable)
      return { kind: 'failed', error: error as Error };
    const { giveUpAfterMs = 120_000 } = this.options;
    const withoutMs = performance.now() - this.withoutLeaderSince;
    this.trouble = error.message;
    if (withoutMs < giveUpAfterMs) return { kind: 'lost', reason: error.message };
    const after = new ZkferryError(
      'ZooKeeperUnavailable',
      `no leader to follow for ${Math.round(withoutMs / 1000)} s: ${error.message}`,
      { retryable: true, cause: error },
    );
    return { kind: 'failed', error: after };
  }

  private afterwards(end: Exclude<AttachmentEnd, { kind: 'failed' }>): void {
    if (end.kind === 'gap') {
      this.queue.push({ kind: 'gap', after: this.last, got: end.got }, 0);
      // Once, the leader's own history may fill it; where it does not, only a snapshot leads on.
      this.ask = this.gapAt === this.last ? 0n : this.last;
      this.gapAt = this.last;
    } else if (end.kind === 'trunc') {
      // A transaction reaches learners a moment before the leader's own log: the second answer counts.
      if (this.truncated) this.reset(end.leaderZxid);
      else this.truncated = true;
    }
  }

  private reset(leaderZxid: bigint): void {
    this.queue.push(
      {
        kind: 'reset',
        reason: `the leader's history ends at 0x${leaderZxid.toString(16)}, before 0x${this.last.toString(16)}`,
        after: this.last,
        leaderZxid,
      },
      0,
    );
    this.truncated = false;
    this.last = 0n;
    this.ask = 0n;
  }

  private pause(): Promise<void> {
    const longest = Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.attempts, 10));
    this.attempts += 1;
    const ms = longest * (0.5 + Math.random() / 2);
    const { signal } = this.closing;
    return pause(ms, signal);
  }
}
