/** Where the built worker is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ZkferryError } from '../model/errors';

/** @throws Unsupported when the project was not built */
export function workerEntry(): string {
  const entry = join(__dirname, '..', '..', 'worker', 'main.js');
  if (existsSync(entry)) return entry;
  throw new ZkferryError(
    'Unsupported',
    `the worker is not built: ${entry} is missing; run npm run build`,
  );
}
