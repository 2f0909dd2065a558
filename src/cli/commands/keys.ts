/** `zkferry keys create DIRECTORY`: the key by which the server signs approvals, and its public half for workers. */
import { generateKeyPairSync } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import { action, withCommonOptions, type Runner } from '../context';

export function registerKeys(program: Command, runner: Runner): void {
  const keys = program.command('keys').description('keys of signed approvals');
  withCommonOptions(keys.command('create <directory>'))
    .description('make approvals.key for the server and approvals.pub for workers')
    .action(
      action<[string], object>(runner, async (_context, [given]) => {
        const { access, mkdir, writeFile } = await import('node:fs/promises');
        const { writeSecretFile } = await import('../../adapters/identity/secretFile');
        const directory = resolve(given);
        const [secret, open] = ['approvals.key', 'approvals.pub'].map((name) =>
          join(directory, name),
        ) as [string, string];
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await access(secret).then(
          () => {
            throw new ZkferryError(
              'BadUsage',
              `${secret} is there already: approvals by it would count no more; name another directory`,
            );
          },
          () => undefined,
        );
        const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
          privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
          publicKeyEncoding: { type: 'spki', format: 'pem' },
        });
        await writeSecretFile(secret, privateKey);
        await writeFile(open, publicKey, { mode: 0o644 });
        return {
          text: [
            `server   ZKFERRY_SERVER_SIGNING_KEY=file:${secret}`,
            `workers  ZKFERRY_APPROVALS=signed ZKFERRY_APPROVAL_KEYS=${open}`,
          ].join('\n'),
          document: { ok: true, signingKey: secret, publicKeys: open },
        };
      }),
    );
}
