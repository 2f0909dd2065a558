/** How far behind, of many transactions: durations in buckets that each are 5 % wider than the one before. */
const GROWTH = 1.05;
const LEAST_MS = 0.1;
const BUCKETS = 400;

export class LagHistogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / Math.log(GROWTH));
    this.counts[Math.min(bucket, BUCKETS - 1)]! += 1;
    this.total += 1;
  }

  get count(): number {
    return this.total;
  }

  /** `share`: 0 … 1. In milliseconds, rounded up to the bucket's end; 0 where nothing was added. */
  quantile(share: number): number {
    if (this.total === 0) return 0;
    let left = Math.max(1, Math.ceil(share * this.total));
    let bucket = 0;
    for (; bucket < BUCKETS - 1; bucket += 1) {
      left -= this.counts[bucket]!;
      if (left <= 0) break;
    }
    return LEAST_MS * GROWTH ** bucket;
  }
}
