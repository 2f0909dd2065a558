/** Runs what is measured in a process of its own, and says what that took. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import { atEnd } from './cleanup';
import { median } from './figure';
import { REPORT_VARIABLE, type ExitReport } from './measuredExit';

export interface Ended {
  stdout: string;
  /** From the spawn to the exit. */
  wallMs: number;
}

export type Measured = Ended & ExitReport;

const DEADLINE_MS = 20 * 60_000;
const MAX_OUTPUT_BYTES = 64 << 20;
const TOLD_BYTES = 2_000;
const EXIT_HOOK = join(__dirname, 'measuredExit.js');

/** Rejects with the end of what it said where the exit code is not 0, or after 20 minutes. */
export function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const kill = atEnd(() => child.kill('SIGKILL'));
  return new Promise<Ended>((resolve, reject) => {
    const said = { stdout: '', stderr: '' };
    let wallMs = 0;
    let stoppedFor = '';
    const stop = (reason: string): void => {
      stoppedFor = `, stopped for ${reason}`;
      void kill();
    };
    const timer = setTimeout(() => stop(`taking more than ${DEADLINE_MS} ms`), DEADLINE_MS);
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      void kill();
      then();
    };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
        if (said[stream].length > MAX_OUTPUT_BYTES) stop(`saying too much on ${stream}`);
      });
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', () => (wallMs = performance.now() - startedAt));
    child.once('close', (code, signal) =>
      settle(() => {
        if (code === 0) return resolve({ stdout: said.stdout, wallMs });
        const told = `${said.stdout}\n${said.stderr}`.trim().slice(-TOLD_BYTES);
        const how = `${code ?? signal}${stoppedFor}`;
        reject(new Error(`${program} ${args.join(' ')} ended with ${how}: ${told}`));
      }),
    );
  });
}

/** A compiled script of this project under Node, with its peak memory and CPU; processes it starts add up. */
export async function runMeasured(script: string, args: readonly string[]): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-bench-'));
  const remove = atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const report = join(directory, 'exits');
  try {
    const ended = await run(process.execPath, [join(projectRoot(), 'dist', script), ...args], {
      [REPORT_VARIABLE]: report,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(EXIT_HOOK)}`,
      ZKFERRY_STATE: join(directory, 'state'),
    });
    const exits = readFileSync(report, 'utf8').trim().split('\n');
    const all = exits.map((line) => JSON.parse(line) as ExitReport);
    const sum = (field: keyof ExitReport) => all.reduce((total, exit) => total + exit[field], 0);
    return { ...ended, peakRssBytes: sum('peakRssBytes'), cpuMs: sum('cpuMs') };
  } finally {
    await remove();
  }
}

export const zkferry = (...args: string[]): Promise<Measured> =>
  runMeasured('src/cli/main.js', args);

/** What the command takes before it does anything: median of three `--version`. */
export async function startMs(): Promise<number> {
  const walls: number[] = [];
  for (let round = 0; round < 3; round += 1) walls.push((await zkferry('--version')).wallMs);
  return median(walls);
}
