/** One figure, one JSON line. */
export interface Figure {
  bench: string;
  figure: string;
  value: number;
  unit: string;
  /** The peer measured in the same run. */
  vs?: string;
  /** value / the peer's value. */
  ratio?: number;
  [detail: string]: unknown;
}

export function print(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

/** What goes on. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Middle of the sorted values; mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The least value that `share` (0 … 1) of the ascending values do not exceed; NaN of none. */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  const index = Math.max(0, Math.ceil(share * ascending.length) - 1);
  return ascending[index] ?? Number.NaN;
}

/** `count` a second, whole. */
export const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1000);
