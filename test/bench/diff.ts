/** Two equal trees of two ensembles compared by the tap: speed, and memory as the trees grow. */
import { startMs, zkferry, type Measured } from './child';
import { BenchEnsemble } from './ensemble';
import { median, perSecond, print, round, tell } from './figure';
import { growth } from './growth';
import { benchOptions } from './options';
import { DATA_BYTES, znodesIn } from './sampleTree';

const DEFAULTS = { nodes: 100_000, memoryNodes: 1_000_000, rounds: 3, only: 'all' };
const ROOT = '/bench';

export async function benchDiff(args: string[]): Promise<void> {
  const options = benchOptions(args, DEFAULTS, ['all', 'speed', 'memory']);
  const left = await BenchEnsemble.start('left', 3, 2_048);
  const right = await BenchEnsemble.start('right', 3, 2_048);
  const grow = async (to: number, from = 0) => {
    for (const ensemble of [left, right]) await ensemble.fill(ROOT, to, from);
  };
  const compare = async (nodes: number): Promise<Measured> => {
    const measured = await zkferry('diff', left.at(ROOT), right.at(ROOT), '--json', '--quiet');
    const found = JSON.parse(measured.stdout) as { nodes: { source: number; target: number } };
    for (const count of Object.values(found.nodes))
      if (count !== znodesIn(nodes))
        throw new Error(`diff read ${count} znodes, expected ${znodesIn(nodes)}`);
    return measured;
  };
  let filled = 0;
  if (options.only !== 'memory') {
    await grow(options.nodes);
    filled = options.nodes;
    await speed(options, compare);
  }
  if (options.only !== 'speed')
    await growth('diff', Math.max(options.memoryNodes, filled * 4), { grow, run: compare }, filled);
}

async function speed(
  { nodes, rounds }: { nodes: number; rounds: number },
  compare: (nodes: number) => Promise<Measured>,
): Promise<void> {
  const started = await startMs();
  tell('warming up, not counted');
  await compare(nodes);
  const runs: Measured[] = [];
  for (let index = 0; index < rounds; index += 1) runs.push(await compare(nodes));
  const rates = runs.map(({ wallMs }) => perSecond(znodesIn(nodes), wallMs - started));
  print({
    bench: 'diff',
    figure: 'nodesPerSecond',
    value: median(rates),
    unit: 'nodes/s',
    values: rates,
    wallMs: runs.map(({ wallMs }) => round(wallMs, 0)),
    startMs: round(started, 0),
    nodes: znodesIn(nodes),
    dataBytes: DATA_BYTES,
  });
}
