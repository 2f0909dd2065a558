import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Gives one of `clients` equal clients its turns: evenly spaced, out of step with the others, and
 * without making up for turns missed during an outage.
 */
export class Pacer {
  private readonly intervalMs: number;
  private dueAt: number;

  constructor(operationsPerSecond: number, clients: number, index: number) {
    this.intervalMs = (1000 * clients) / operationsPerSecond;
    this.dueAt = performance.now() + (this.intervalMs * index) / clients;
  }

  /** Resolves when the next operation is due, at once where it is overdue or `signal` is aborted. */
  async turn(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const waitMs = this.dueAt - now;
    this.dueAt = Math.max(this.dueAt, now - 2 * this.intervalMs) + this.intervalMs;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}
