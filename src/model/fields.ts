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

export const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: 'expected 1–63 letters, digits, ".", "_" or "-", beginning with a letter or digit',
});

export const port = z.int().min(1).max(65535);

export const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9_.:%-]+$/, { error: 'expected a host name or an IP address' });

export const command = z
  .string()
  .min(1)
  .max(4096)
  .describe(
    'a shell command, run as the SSH user; {version}, {server} and {config} are replaced by quoted values',
  );
