/** Properties of unit tests, tried on more random cases than the suite does; FC_SEED looks at others than the usual ones. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import type { Case } from '../upgrade/cases/types';

/** `runs`: by file below test/unit, without its `.test.ts`. */
export const propertyCases = (runs: Record<string, number>): Case[] =>
  Object.entries(runs).map(([file, count]) => ({
    name: `test/unit/${file}.test.ts, ${count} random cases of each property`,
    run: async () => {
      const root = projectRoot();
      const jest = spawn(
        process.execPath,
        [
          join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
          ...['--runInBand', '--runTestsByPath', `test/unit/${file}.test.ts`],
        ],
        {
          cwd: root,
          env: { ...process.env, FC_RUNS: String(count) },
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      const [code] = (await once(jest, 'exit')) as [number | null];
      assert.equal(code, 0, `jest ended with ${code}`);
    },
  }));
