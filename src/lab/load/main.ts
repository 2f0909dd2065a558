/** Runs one load as a process of its own: `node main.js --config FILE`. Ends on SIGTERM, SIGINT, the line `stop`, or its duration. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readConnection } from '../../codec/clientFile/connection';
import { CONNECT_KEY, loadConfigSchema } from './config';
import { Load } from './load';

async function main(): Promise<void> {
  const file = process.argv[process.argv.indexOf('--config') + 1];
  if (!process.argv.includes('--config') || file === undefined) {
    throw new Error('usage: main.js --config FILE');
  }
  const config = loadConfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const load = new Load(config);
  const told = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    const { connectFile } = config;
    if (connectFile !== undefined)
      process.on('SIGHUP', () => load.redirect(connectStringIn(connectFile)));
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (line) => obey(line.trim(), load, resolve));
    if (config.stopWhenInputEnds) lines.once('close', resolve);
    if (config.durationMs !== undefined) setTimeout(resolve, config.durationMs);
  });
  await Promise.race([load.start(), told]);
  await told;
  await load.stop();
}

function connectStringIn(file: string): string {
  const bytes = readFileSync(file);
  return readConnection({ name: file, format: 'properties', bytes }, { key: CONNECT_KEY }).text;
}

function obey(line: string, load: Load, stop: () => void): void {
  const [command, argument] = line.split(' ');
  if (command === 'stop') stop();
  if (command === 'redirect' && argument !== undefined) load.redirect(argument);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
