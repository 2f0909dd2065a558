/** The version of this build, from the package's own manifest. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const VERSION: string = (() => {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    try {
      const text = readFileSync(join(directory, 'package.json'), 'utf8');
      const manifest = JSON.parse(text) as { name?: string; version?: string };
      if (manifest.name === 'zkferry') return manifest.version ?? 'unknown';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return 'unknown';
    }
    if (directory === dirname(directory)) return 'unknown';
  }
})();
