/** Random plans of upgrades and resizes in numbers; FC_SEED looks at others than the usual ones. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import type { Case } from '../upgrade/cases/types';

const PROPERTIES: Record<string, number> = {
  properties: 1_000,
  resize: 10_000,
  resizeRuns: 3_000,
  resizeLeads: 3_000,
};

export const planningCases: Case[] = Object.entries(PROPERTIES).map(([file, runs]) => ({
  name: `test/unit/planning/${file}.test.ts, ${runs} random cases of each property`,
  run: async () => {
    const root = projectRoot();
    const jest = spawn(
      process.execPath,
      [
        join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
        ...['--runInBand', '--runTestsByPath', `test/unit/planning/${file}.test.ts`],
      ],
      {
        cwd: root,
        env: { ...process.env, FC_RUNS: String(runs) },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const [code] = (await once(jest, 'exit')) as [number | null];
    assert.equal(code, 0, `jest ended with ${code}`);
  },
}));
