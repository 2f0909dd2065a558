import { createHash } from 'node:crypto';

/** 64 lower-case hex digits; text as UTF-8. */
export const sha256Of = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('hex');
