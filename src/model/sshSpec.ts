/** How a host is logged in to. */
import { z } from 'zod';
import { host, name, port, secretReference } from './fields';

export const sshSchema = z.strictObject({
  host: host.optional().describe("defaults to the server's own host"),
  port: port.default(22),
  user: name.default('root'),
  hostKey: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, {
      error: 'expected a fingerprint as `ssh-keygen -lf` prints it: SHA256:…',
    })
    .describe('fingerprint of the host key; a host that shows another one is refused'),
  privateKey: secretReference,
  passphrase: secretReference.optional(),
  become: z
    .enum(['none', 'sudo'])
    .default('none')
    .describe('sudo: every command runs under `sudo -n`'),
  connectTimeoutMs: z.int().min(100).max(120_000).default(10_000),
});
export type SshSpec = z.output<typeof sshSchema>;
