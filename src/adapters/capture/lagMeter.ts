/** How far a capture is behind: of the newest transactions, the time from arrival to being durable in the repository. */

/** Enough for a p99 of the last seconds under load, and a few kilobytes. */
const SAMPLES = 4_096;

export interface Lag {
  /** Received and not yet durable. */
  txns: number;
  /** Age of the oldest of these; while no leader feeds the capture, the time since it lost the last one, where that is more. */
  ms: number;
  /** Of the newest durable transactions; absent before the first. */
  p50Ms?: number;
  p99Ms?: number;
}

export class LagMeter {
  private readonly samples = new Float64Array(SAMPLES);
  private count = 0;

  /** One that has become durable. */
  add(lagMs: number): void {
    this.samples[this.count % SAMPLES] = lagMs;
    this.count += 1;
  }

  percentiles(): { p50Ms?: number; p99Ms?: number } {
    const used = Math.min(this.count, SAMPLES);
    if (used === 0) return {};
    const sorted = this.samples.slice(0, used).sort();
    const at = (share: number) => round(sorted[Math.min(used - 1, Math.floor(share * used))]!);
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
