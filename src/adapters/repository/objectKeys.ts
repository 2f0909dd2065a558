/** Which keys there are: none that could lead out of a repository, whatever keeps it. */
import { ZkferryError } from '../../model/errors';

const SAFE_PART = /^[A-Za-z0-9._-]{1,255}$/;
const MAX_KEY_CHARACTERS = 1024;

export const isSafePart = (part: string): boolean =>
  SAFE_PART.test(part) && part !== '.' && part !== '..';

export const isSafeKey = (key: string): boolean =>
  key.length <= MAX_KEY_CHARACTERS && key.split('/').every(isSafePart);

/** InvalidInput for one that is not made of safe parts. */
export function checkKey(key: string): void {
  if (isSafeKey(key)) return;
  throw new ZkferryError(
    'InvalidInput',
    `${JSON.stringify(key.slice(0, 200))} is no key of an object: parts of A-Z, a-z, 0-9, ".", "_" and "-" between slashes, none of them empty, "." or "..", and at most ${MAX_KEY_CHARACTERS} characters`,
  );
}

/** A prefix ends in `/`, or is empty: everything. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : '');
}
