/** `npm run bench -- NAME`: measures, and prints one JSON line a figure. What goes on is told on stderr. */
import { destroyAll } from '../support/harness';
import { benchUpgrade } from './upgrade';

const benches: Record<string, (args: string[]) => Promise<void>> = { upgrade: benchUpgrade };

async function main([name, ...args]: string[]): Promise<number> {
  const bench = name === undefined ? undefined : benches[name];
  if (!bench) {
    process.stderr.write(
      `usage: npm run bench -- NAME; NAME: ${Object.keys(benches).join(', ')}\n`,
    );
    return 2;
  }
  await bench(args);
  return 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void destroyAll().finally(() => process.exit(1)));

main(process.argv.slice(2).filter((argument) => argument !== '--')).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
