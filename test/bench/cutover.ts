/**
 * How long nobody can write while an ensemble and its clients move: by zkferry in each mode, and by hand, which is how it
 * was done before. The outage is the longest time in which none of the clients of a load got a write acknowledged.
 */
import { byHand } from './cutover/byHand';
import { MODES, moved, type Moved } from './cutover/byZkferry';
import { print, round, tell } from './figure';
import { benchOptions } from './options';
import { znodesIn } from './sampleTree';

/** `nodes` 0: each of the sizes. */
const DEFAULTS = { nodes: 0, mode: 'all' };
const SIZES = [1_000, 100_000];

export async function benchCutover(args: string[]): Promise<void> {
  const options = benchOptions(args, DEFAULTS, ['all', 'byHand', ...MODES]);
  const sizes = options.nodes === 0 ? SIZES : [options.nodes];
  const modes = MODES.filter((mode) => options.mode === 'all' || options.mode === mode);
  for (const nodes of sizes) {
    tell(`cutover of ${nodes} nodes, by hand`);
    const peer = await byHand(nodes);
    tell(`by hand: ${JSON.stringify(peer)}`);
    for (const mode of modes) {
      tell(`cutover of ${nodes} nodes, ${mode}`);
      report(await moved(mode, nodes), peer?.outageMs);
    }
  }
}

function report({ outageMs, mode, nodes, ...details }: Moved, peerMs: number | undefined): void {
  print({
    bench: 'cutover',
    figure: 'outageMs',
    value: round(outageMs, 0),
    unit: 'ms',
    ...(peerMs !== undefined && {
      vs: 'byHand',
      ratio: round(outageMs / peerMs, 4),
      peerValue: round(peerMs, 0),
    }),
    mode,
    nodes,
    znodes: znodesIn(nodes),
    ...details,
  });
}
