/** Secrets are named in the inventory and read here, at the moment of use; they are never logged or kept. */
import { readFile, stat } from 'node:fs/promises';
import { ZkferryError } from '../model/errors';
import type { SecretsPort } from '../model/ports';

const MAX_SECRET_BYTES = 64 * 1024;
const OTHERS_MAY_READ_OR_WRITE = 0o006;
const OTHERS_MAY_WRITE = 0o002;

/** Resolves `env:NAME` and `file:/absolute/path`. SecretMissing (not retryable) with what to do. */
export function createSecrets(
  options: { environment?: Record<string, string | undefined> } = {},
): SecretsPort {
  const environment = options.environment ?? process.env;
  return {
    async resolve(reference, { isPublic = false } = {}): Promise<string> {
      if (reference.startsWith('env:')) return fromEnvironment(reference.slice(4), environment);
      if (reference.startsWith('file:/')) return fromFile(reference.slice(5), isPublic);
      throw new ZkferryError(
        'SecretMissing',
        'a secret reference must be env:NAME or file:/absolute/path: correct the inventory',
      );
    },
  };
}

function fromEnvironment(name: string, environment: Record<string, string | undefined>): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw new ZkferryError(
      'SecretMissing',
      `the worker's environment has no ${name}: set it where the worker is started`,
    );
  }
  return value.replace(/\r?\n$/, '');
}

async function fromFile(path: string, isPublic: boolean): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw refused(path, 'it is not a regular file');
    if (isPublic && (found.mode & OTHERS_MAY_WRITE) !== 0)
      throw refused(path, `everybody on the worker can write it: chmod 644 ${path}`);
    if (!isPublic && (found.mode & OTHERS_MAY_READ_OR_WRITE) !== 0)
      throw refused(path, `everybody on the worker can read or write it: chmod 600 ${path}`);
    if (found.size > MAX_SECRET_BYTES) throw refused(path, 'it is larger than 64 KiB');
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    if (error instanceof ZkferryError) throw error;
    throw refused(path, `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}

const refused = (path: string, why: string): ZkferryError =>
  new ZkferryError('SecretMissing', `the secret file ${path} is not usable: ${why}`);
