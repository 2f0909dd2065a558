/**
 * `npm run proof -- NAME [--only TEXT] [--fresh]`: the full matrix of a subject on real ensembles, one case
 * after the other. Passed cases are remembered for this state of the sources, so an interrupted proof goes
 * on where it stopped. The last line is `{proof, cases, failed}`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import { destroyAll } from '../support/harness';
import { foreignCases } from '../foreign/cases';
import { migrateCases } from '../migrate/cases';
import { resizeCases } from '../resize/cases';
import { upgradeCases } from '../upgrade/cases';
import { backupCases } from './backup';
import { cases as codecCases } from './codecs';
import { consoleCases } from './console';
import { copyCases } from './copy';
import { planningCases } from './planning';
import { serverCases } from './server';
import { followCases } from './follow';
import { tapCases } from './tap';
import type { Case } from '../upgrade/cases/types';

const proofs: Record<string, Case[]> = {
  upgrade: upgradeCases,
  resize: resizeCases,
  planning: planningCases,
  codecs: codecCases,
  tap: tapCases,
  copy: [...copyCases, ...followCases],
  backup: backupCases,
  foreign: foreignCases,
  migrate: migrateCases,
  server: serverCases,
  console: consoleCases,
};

interface Outcome {
  passed: boolean;
  seconds: number;
  error?: string;
}

/** Everything that could change a result: sources, tests, locked packages. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const add = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const file = join(path, entry.name);
      if (entry.isDirectory()) add(file);
      else hash.update(file).update(readFileSync(file));
    }
  };
  for (const part of ['src', 'workflows', 'activities', 'worker', 'test'])
    add(join(projectRoot(), part));
  hash.update(readFileSync(join(projectRoot(), 'package-lock.json')));
  return hash.digest('hex').slice(0, 16);
}

function memory(name: string) {
  const state =
    process.env.ZKFERRY_STATE ??
    join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'zkferry');
  const file = join(state, 'proof', `${name}-${fingerprint()}.json`);
  let known: Record<string, Outcome> = {};
  return {
    load() {
      try {
        known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Outcome>;
      } catch {
        known = {};
      }
      return known;
    },
    save(caseName: string, outcome: Outcome) {
      known[caseName] = outcome;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.tmp`, JSON.stringify(known, null, 2));
      renameSync(`${file}.tmp`, file);
    },
  };
}

async function main(args: string[]): Promise<number> {
  const [name, ...flags] = args.filter((argument) => argument !== '--');
  const cases = name === undefined ? undefined : proofs[name];
  if (name === undefined || cases === undefined) {
    process.stderr.write(
      `usage: npm run proof -- NAME [--only TEXT] [--fresh]; NAME: ${Object.keys(proofs).join(', ')}\n`,
    );
    return 2;
  }
  const only = flags.includes('--only') ? flags[flags.indexOf('--only') + 1] : undefined;
  const remembered = memory(name);
  const known = flags.includes('--fresh') ? {} : remembered.load();
  const wanted = cases.filter((candidate) => only === undefined || candidate.name.includes(only));
  if (wanted.length === 0) {
    process.stderr.write(
      `no case of ${name} has ${JSON.stringify(only)} in its name; there are\n${cases.map((one) => `  ${one.name}\n`).join('')}`,
    );
    return 2;
  }
  let failed = 0;
  for (const [index, candidate] of wanted.entries()) {
    const label = `${index + 1}/${wanted.length} ${candidate.name}`;
    if (known[candidate.name]?.passed) {
      process.stderr.write(`${label}: passed before (${known[candidate.name]?.seconds} s)\n`);
      continue;
    }
    const outcome = await attempt(candidate);
    remembered.save(candidate.name, outcome);
    if (!outcome.passed) failed += 1;
    process.stderr.write(
      `${label}: ${outcome.passed ? 'passed' : `FAILED: ${outcome.error}`} (${outcome.seconds} s)\n`,
    );
  }
  process.stdout.write(`${JSON.stringify({ proof: name, cases: wanted.length, failed })}\n`);
  return failed === 0 ? 0 : 1;
}

async function attempt(candidate: Case): Promise<Outcome> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  try {
    await candidate.run();
    return { passed: true, seconds: seconds() };
  } catch (error) {
    return {
      passed: false,
      seconds: seconds(),
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void destroyAll().finally(() => process.exit(1)));

void main(process.argv.slice(2)).then((code) => process.exit(code));
