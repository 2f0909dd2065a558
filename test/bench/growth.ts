/** Peak memory of a command for a whole tree and for a quarter of it: what must not grow with the tree. */
import type { Measured } from './child';
import { perSecond, print, round, tell } from './figure';
import { znodesIn } from './sampleTree';

export interface Grown {
  /** Brings the source from `from` data nodes to `to`. */
  grow: (to: number, from: number) => Promise<void>;
  run: (nodes: number) => Promise<Measured>;
}

/** One line `peakRssBytes` of bench `bench`; `from`: data nodes there already. */
export async function growth(
  bench: string,
  nodes: number,
  { grow, run }: Grown,
  from = 0,
): Promise<void> {
  const quarter = Math.ceil(nodes / 4);
  tell(`${bench}: memory at ${quarter} nodes, then at ${nodes}`);
  await grow(quarter, from);
  const small = await run(quarter);
  await grow(nodes, quarter);
  const large = await run(nodes);
  print({
    bench,
    figure: 'peakRssBytes',
    value: large.peakRssBytes,
    unit: 'bytes',
    nodes: znodesIn(nodes),
    quarterNodes: znodesIn(quarter),
    peakRssAtQuarter: small.peakRssBytes,
    growth: round(large.peakRssBytes / small.peakRssBytes),
    nodesPerSecond: perSecond(znodesIn(nodes), large.wallMs),
    cpuMs: round(large.cpuMs, 0),
  });
}
