/** How many operations go into one request: fewer while the target is slow, more while it keeps up. Pure. */
const START_OPS = 500;
const LEAST_OPS = 16;
/** A server remembers its last 500 transactions (commitLogCount): large requests would fill its heap. */
const MOST_OPS = 1_000;
/** With each answer: beginning small costs little then. */
const GROWTH = 1.25;
const SHRINKAGE = 0.8;
/** Answers slower than this hurt the target's other clients, which wait behind them. */
const SLOW_MS = 250;
const FAST_MS = 80;
const SMOOTHING = 0.2;

export class BatchSize {
  private size = START_OPS;
  private smoothedMs = 0;

  get ops(): number {
    return Math.floor(this.size);
  }

  /** Of the last answers, smoothed. */
  get latencyMs(): number {
    return this.smoothedMs;
  }

  /** `latencyMs`: from sending a request to its answer; `ops`: what it held. */
  answered(latencyMs: number, ops: number): void {
    this.smoothedMs += (latencyMs - this.smoothedMs) * (this.smoothedMs === 0 ? 1 : SMOOTHING);
    if (this.smoothedMs > SLOW_MS) this.size = Math.max(LEAST_OPS, this.size * SHRINKAGE);
    else if (this.smoothedMs < FAST_MS && ops >= this.ops)
      this.size = Math.min(MOST_OPS, this.size * GROWTH);
  }
}
