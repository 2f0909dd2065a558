/** Lets at most `limit` holders in at once; others wait in order, and leave the queue when aborted. */
export class Semaphore {
  private held = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  get idle(): boolean {
    return this.held === 0 && this.waiting.length === 0;
  }

  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.held >= this.limit) {
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        const leave = (): void => {
          const index = this.waiting.indexOf(enter);
          if (index >= 0) this.waiting.splice(index, 1);
          reject(abortReason(signal));
        };
        this.waiting.push(enter);
        signal?.addEventListener('abort', leave, { once: true });
      });
    } else {
      this.held += 1;
    }
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.held -= 1;
    };
  }
}

/** Why a signal was aborted, as an Error whatever the aborter gave. */
export function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return typeof reason === 'object' && reason !== null
    ? (reason as Error)
    : new Error('the operation was aborted');
}
