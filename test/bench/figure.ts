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

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Middle of the sorted values; mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
