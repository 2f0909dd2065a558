import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

let found: string | undefined;

/** Directory of this project's package.json, the same from the sources (jest) and from dist/. */
export function projectRoot(): string {
  if (found !== undefined) return found;
  for (let directory = __dirname; ; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    if (existsSync(file)) {
      const { name } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string };
      if (name === 'zkferry') return (found = directory);
    }
    if (directory === dirname(directory)) {
      throw new RangeError(`no package.json named zkferry above ${__dirname}`);
    }
  }
}
