/** A limit of operations a second: a bucket that holds at most a quarter of a second's worth. */
const BURST_SECONDS = 0.25;
const LONGEST_NAP_MS = 1_000;

export class Pace {
  private allowance = 0;
  private since = performance.now();

  /** `opsPerSecond` may be changed at any time; undefined: no limit. */
  constructor(public opsPerSecond?: number) {}

  /** Resolves once `ops` more may be sent. */
  async take(ops: number): Promise<void> {
    for (;;) {
      const rate = this.opsPerSecond;
      if (rate === undefined) return;
      const now = performance.now();
      const refilled = this.allowance + ((now - this.since) / 1000) * rate;
      this.allowance = Math.min(refilled, Math.max(rate * BURST_SECONDS, 1));
      this.since = now;
      if (this.allowance > 0) {
        // Below zero: a batch larger than the bucket is paid for afterwards.
        this.allowance -= ops;
        return;
      }
      const napMs = Math.min(LONGEST_NAP_MS, (-this.allowance / rate) * 1000 + 1);
      await new Promise((resolve) => setTimeout(resolve, napMs));
    }
  }
}
