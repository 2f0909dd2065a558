/**
 * `npm run bench -- NAME [OPTIONS]`: measures, and prints one JSON line a figure. What goes on is told on
 * stderr.
 */
import { isZkferryError } from '../../src/model/errors';
import { destroyAll } from '../support/harness';
import { benchBackup } from './backup';
import { cleanUp } from './cleanup';
import { benchCopy } from './copy';
import { benchCutover } from './cutover';
import { benchDiff } from './diff';
import { benchTap } from './tap';
import { benchUpgrade } from './upgrade';

const benches: Record<string, (args: string[]) => Promise<void>> = {
  upgrade: benchUpgrade,
  copy: benchCopy,
  tap: benchTap,
  diff: benchDiff,
  backup: benchBackup,
  cutover: benchCutover,
};

let stopping = false;

async function main([name, ...args]: string[]): Promise<number> {
  const bench = name === undefined ? undefined : benches[name];
  if (!bench) {
    process.stderr.write(
      `usage: npm run bench -- NAME [OPTIONS]; NAME: ${Object.keys(benches).join(', ')}\n`,
    );
    return 2;
  }
  try {
    await bench(args);
    return 0;
  } catch (error) {
    // What it breaks off with is our own doing then.
    if (stopping) return 1;
    const isUsage = isZkferryError(error) && error.type === 'BadUsage';
    console.error(isUsage ? error.message : error);
    return isUsage ? 2 : 1;
  } finally {
    await cleanUp();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void Promise.all([destroyAll(), cleanUp()]).finally(() => process.exit(1));
  });

main(process.argv.slice(2).filter((argument) => argument !== '--')).then(
  (code) => stopping || process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
