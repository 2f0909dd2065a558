/** One line of a chart over time. */
export interface Series {
  name: string;
  points: readonly { atMs: number; value: number }[];
}
