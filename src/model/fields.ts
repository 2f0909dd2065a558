/** Fields that several schemas share. */
import { z } from 'zod';

export const absolutePath = z
  .string()
  .max(1024)
  .regex(/^\/[^\0\n\r]*$/, { error: 'expected an absolute path' })
  .refine((path) => !path.split('/').includes('..'), { error: 'a path may not climb with ".."' });

/** `env:NAME` or `file:/path`: where the worker finds a secret. The secret itself never stands here. */
export const secretReference = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/[^\0\n\r]+)$/, {
    error: 'expected a reference, env:NAME or file:/absolute/path, never the secret itself',
  });
