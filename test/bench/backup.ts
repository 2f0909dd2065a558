/**
 * A hot backup: how far it is behind, what it costs who writes, how long a base takes and a restore, up to serving. What
 * captures and restores runs in processes of its own.
 */
import { randomBytes } from 'node:crypto';
import { benchBase, peerRate } from './backup/base';
import { benchCost } from './backup/cost';
import { benchLag } from './backup/lag';
import { backUp, benchRestore, type Backup } from './backup/restore';
import { BenchEnsemble } from './ensemble';
import { benchOptions } from './options';
import { DATA_BYTES, PARENT_NODES } from './sampleTree';

const DEFAULTS = {
  nodes: 1_000_000,
  seconds: 30,
  pairs: 10,
  pairSeconds: 5,
  rate: 1_000,
  rounds: 3,
  only: 'all',
};
const ROOT = '/bench';
const LARGE_HEAP_MB = 2_048;

export async function benchBackup(args: string[]): Promise<void> {
  const options = benchOptions(args, DEFAULTS, ['all', 'lag', 'cost', 'base', 'restore']);
  const wanted = (what: string) => options.only === 'all' || options.only === what;
  if (wanted('lag') || wanted('cost')) {
    const ensemble = await BenchEnsemble.start('captured', 3);
    await ensemble.fill(ROOT, PARENT_NODES);
    if (wanted('lag')) await benchLag(ensemble, ROOT, options.seconds);
    if (wanted('cost')) await benchCost(ensemble, ROOT, options);
    await ensemble.destroy();
  }
  if (wanted('base') || wanted('restore')) await ofTrees(options, wanted);
}

/** Of a tree of `nodes`, and before that of a tenth of it. */
async function ofTrees(
  { nodes, rounds }: { nodes: number; rounds: number },
  wanted: (what: string) => boolean,
): Promise<void> {
  const ensemble = await BenchEnsemble.start('captured', 3, LARGE_HEAP_MB);
  const backups: Backup[] = [];
  const sizes = [Math.ceil(nodes / 10), nodes];
  let filled = 0;
  let peer: Awaited<ReturnType<typeof peerRate>>;
  for (const size of sizes) {
    await ensemble.fill(ROOT, size, filled, () => randomBytes(DATA_BYTES));
    if (wanted('base')) {
      if (filled === 0) peer = await peerRate(ensemble, ROOT, size);
      await benchBase(ensemble, { nodes: size, rounds }, peer);
    }
    if (wanted('restore')) backups.push(await backUp(ensemble, ROOT, size));
    filled = size;
  }
  // Its memory and its disk are the restored servers' now.
  await ensemble.destroy();
  for (const backup of backups) {
    await benchRestore(backup, LARGE_HEAP_MB);
    await backup.remove();
  }
}
