/** What a signature says of the input it is for. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonicalJson';

/** SHA-256 (hex) of its canonical JSON. */
export const inputHash = (input: unknown): string =>
  createHash('sha256').update(canonicalJson(input)).digest('hex');
