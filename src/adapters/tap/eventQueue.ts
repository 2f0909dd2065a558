/** A bounded queue between one producer, which asks before it goes on, and one consumer, which pulls. */

/** What an event costs beside its bytes: the object, its zxid, its view of the bytes. */
const EVENT_BYTES = 256;

/**
 * Holds at most `maxEvents` and `maxBytes` (and, beyond that, what one producer's step adds). The events a
 * consumer took last are its own and count no more.
 */
export class EventQueue<T> {
  private events: T[] = [];
  private bytes = 0;
  private ended: { error?: Error } | undefined;
  private wakeConsumer: (() => void) | undefined;
  private roomAwaited: { resolve: () => void; promise: Promise<void> } | undefined;

  constructor(
    private readonly maxEvents: number,
    private readonly maxBytes: number,
  ) {}

  get full(): boolean {
    return this.events.length >= this.maxEvents || this.bytes >= this.maxBytes;
  }

  get length(): number {
    return this.events.length;
  }

  push(event: T, bytes: number): void {
    if (this.ended !== undefined) return;
    this.events.push(event);
    this.bytes += bytes + EVENT_BYTES;
    this.wake();
  }

  /** Resolves when the queue is not full, or has ended. */
  room(): Promise<void> {
    if (!this.full || this.ended !== undefined) return Promise.resolve();
    if (this.roomAwaited === undefined) {
      let resolve!: () => void;
      const promise = new Promise<void>((done) => (resolve = done));
      this.roomAwaited = { resolve, promise };
    }
    return this.roomAwaited.promise;
  }

  /** Everything there is, at least one event; empty once the queue has ended. Rejects with the error it ended in. */
  async take(): Promise<T[]> {
    while (this.events.length === 0) {
      if (this.ended?.error !== undefined) throw this.ended.error;
      if (this.ended !== undefined) return [];
      await new Promise<void>((resolve) => (this.wakeConsumer = resolve));
    }
    const taken = this.events;
    this.events = [];
    this.bytes = 0;
    this.makeRoom();
    return taken;
  }

  /** Takes nothing more; what is there is still given out, then `error` where there is one. */
  end(error?: Error): void {
    this.ended ??= { error };
    this.wake();
    this.makeRoom();
  }

  private wake(): void {
    this.wakeConsumer?.();
    this.wakeConsumer = undefined;
  }

  private makeRoom(): void {
    this.roomAwaited?.resolve();
    this.roomAwaited = undefined;
  }
}
