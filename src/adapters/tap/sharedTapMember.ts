/**
 * One consumer's tap on a shared attachment. It is either on the shared stream, at a place among its recent
 * events, or it reads a tap of its own until what that delivered last is among these; or it waits for one or
 * the other to become possible.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Semaphore } from '../ssh/semaphore';
import type { EventQueue } from './eventQueue';
import type { TapEvent } from './events';
import type { RecentEvents } from './recentEvents';
import { openTap, queueOf, type Tap, type TapOptions } from './tap';
import { discard, eventsOf } from './tapEvents';

/** A consumer that takes nothing for so long leaves the leader, and the turn, to others. */
const FULL_QUEUE_MS = 10_000;

/** What a member knows of the attachment it shares. */
export interface SharedStream {
  readonly recent: RecentEvents;
  /** Of the attachment as it is now; undefined while there is none. */
  readonly attached: Extract<TapEvent, { kind: 'attached' }> | undefined;
  /** For a tap of one's own: one at a time. */
  readonly turns: Semaphore;
  /** Resolves at once, or for the last one when the attachment is closed. */
  leave(member: SharedTapMember): Promise<void>;
}

export class SharedTapMember implements Tap {
  readonly directory: string;
  private readonly queue: EventQueue<TapEvent>;
  private readonly closing = new AbortController();
  private last: bigint;
  /** Whether `attached` was the last word on it. */
  private told = false;
  /** Among the shared stream's recent events; undefined where it is not on the shared stream. */
  private place: number | undefined;
  private own: Tap | undefined;
  private catchingUp: Promise<void> | undefined;
  private left: Promise<void> | undefined;
  private awaitsRoom = false;

  constructor(
    private readonly options: TapOptions,
    private readonly stream: SharedStream,
  ) {
    const { directory, from = 0n, signal } = options;
    this.directory = directory;
    this.queue = queueOf(options);
    this.last = from;
    const onAbort = (): void => void this.end();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.closing.signal.addEventListener('abort', () =>
      signal?.removeEventListener('abort', onAbort),
    );
  }

  get lastZxid(): bigint {
    return this.last;
  }

  /** Everything the shared stream has said was passed on. */
  get isAbreast(): boolean {
    return this.place === this.stream.recent.end;
  }

  take(): Promise<TapEvent[]> {
    return this.queue.take();
  }

  [Symbol.asyncIterator](): AsyncIterator<TapEvent> {
    return eventsOf(this);
  }

  async close(): Promise<void> {
    await this.end();
    await this.catchingUp;
  }

  /** Events that wait are still given out, then `error` where there is one. Idempotent. */
  end(error?: Error): Promise<void> {
    this.left ??= this.leave(error);
    return this.left;
  }

  private leave(error: Error | undefined): Promise<void> {
    this.place = undefined;
    this.own = undefined;
    this.queue.end(error);
    this.closing.abort();
    return this.stream.leave(this);
  }

  /** Takes what there is for it; to be called whenever the shared stream has something new. */
  advance(): void {
    if (this.options.signal?.aborted) void this.end();
    if (this.left !== undefined) return;
    if (this.place === undefined) this.join();
    if (this.place !== undefined) this.copyRecent();
  }

  /** An event that is not among the recent ones, while `isAbreast`; undefined where it cannot be had. */
  pass(event: TapEvent | undefined): void {
    if (event !== undefined) this.give(event);
    else this.putOff('the snapshot could not be shared');
  }

  private join(): void {
    const { recent, attached } = this.stream;
    // A tap of its own has told it that it is attached: what takes over must be so too.
    if (this.own !== undefined && !(this.told && attached !== undefined)) return;
    this.place = recent.placeAfter(this.last);
    if (this.place !== undefined) this.leaveOwn();
    else if (this.catchingUp === undefined && attached !== undefined)
      this.catchingUp = this.catchUp();
  }

  private copyRecent(): void {
    const { recent, attached } = this.stream;
    for (; this.place! < recent.end; this.place! += 1) {
      if (this.place! < recent.start)
        return this.putOff(`what came after 0x${this.last.toString(16)} was not taken in time`);
      if (this.queue.full) return this.advanceOnceThereIsRoom();
      this.give(recent.at(this.place!));
    }
    if (attached !== undefined && !this.told)
      this.give({ ...attached, by: 'diff', zxid: this.last });
  }

  private putOff(reason: string): void {
    this.place = undefined;
    this.give({ kind: 'lost', reason, zxid: this.last });
    this.advanceOnceThereIsRoom();
  }

  private advanceOnceThereIsRoom(): void {
    if (this.awaitsRoom) return;
    this.awaitsRoom = true;
    void this.queue.room().then(() => {
      this.awaitsRoom = false;
      this.advance();
    });
  }

  private give(event: TapEvent): void {
    if (event.kind === 'txn' || event.kind === 'snapshot') this.last = event.zxid;
    if (event.kind === 'reset') this.last = 0n;
    if (event.kind !== 'txn') this.told = event.kind === 'attached';
    this.queue.push(event, event.kind === 'txn' ? event.bytes.length : 0);
  }

  /** Never rejects. */
  private async catchUp(): Promise<void> {
    await this.queue.room();
    const release = await this.stream.turns.acquire(this.closing.signal).catch(() => undefined);
    try {
      if (release !== undefined && this.place === undefined) await this.readOwn();
    } catch (error) {
      void this.end(error as Error);
    } finally {
      release?.();
      this.catchingUp = undefined;
    }
    this.advance();
  }

  private async readOwn(): Promise<void> {
    const { signal } = this.closing;
    const own = openTap({
      ...this.options,
      ...{ from: this.last === 0n ? undefined : this.last, signal },
    });
    this.own = own;
    try {
      for await (const event of eventsOf(own)) {
        if (this.own === own && !(await this.hasRoom())) {
          this.leaveOwn();
          this.give({ kind: 'lost', reason: 'nothing was taken for too long', zxid: this.last });
        }
        // What it had read ahead when it was left.
        if (this.own !== own) await discard(event);
        else {
          this.give(event);
          this.advance();
        }
      }
    } finally {
      this.own = undefined;
    }
  }

  private leaveOwn(): void {
    const { own } = this;
    this.own = undefined;
    void own?.close();
  }

  private async hasRoom(): Promise<boolean> {
    if (!this.queue.full) return true;
    const timer = new AbortController();
    const late = pause(FULL_QUEUE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.queue.room(), late]);
    timer.abort();
    return !this.queue.full;
  }
}
