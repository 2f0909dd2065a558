/** What a quorum port may demand of a learner: options of every command that reads by the tap. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { QuorumSecurity, TapOptions } from '../adapters/tap/tap';
import type { ServerAddress } from '../adapters/zookeeper/fourLetterClient';
import { ZkferryError } from '../model/errors';
import { wholeNumber } from './options';

export interface QuorumOptions {
  quorumPort?: number;
  quorumCa?: string;
  quorumCert?: string;
  quorumKey?: string;
  quorumSasl?: string;
  /** False: a certificate that names another host will do. */
  quorumHostCheck?: boolean;
}

export const withQuorumOptions = (command: Command): Command =>
  command
    .option('--quorum-port <port>', 'of the leader, where it does not say', wholeNumber(1, 65_535))
    .option('--quorum-ca <file>', 'speak TLS to the quorum port: PEM of who signed its certificate')
    .option('--quorum-cert <file>', 'PEM of the certificate to show there')
    .option('--quorum-key <file>', 'PEM of its key')
    .option('--no-quorum-host-check', 'take a certificate that names another host')
    .option('--quorum-sasl <reference>', 'env:NAME or file:/path of user:password for SASL there');

/** How the leader of `servers` is attached to. BadUsage for files that are not what they should be. */
export async function tapAccess(
  servers: readonly ServerAddress[],
  options: QuorumOptions,
): Promise<Pick<TapOptions, 'servers' | 'security'>> {
  const { quorumPort } = options;
  const security = await securityOf(options);
  return {
    servers: servers.map((server) => ({
      ...server,
      ...(quorumPort !== undefined && { quorumPort }),
    })),
    ...(security !== undefined && { security }),
  };
}

async function securityOf(options: QuorumOptions): Promise<QuorumSecurity | undefined> {
  const { quorumCa: ca, quorumCert: cert, quorumKey: key, quorumSasl, quorumHostCheck } = options;
  if ((cert === undefined) !== (key === undefined) || (cert !== undefined && ca === undefined))
    throw new ZkferryError(
      'BadUsage',
      '--quorum-cert, --quorum-key: expected both, and --quorum-ca with them',
    );
  if (ca === undefined && quorumSasl === undefined) return undefined;
  return {
    ...(ca !== undefined && {
      tls: {
        ca: await pem('--quorum-ca', ca),
        verifyHostName: quorumHostCheck !== false,
        ...(cert !== undefined && { certificate: await pem('--quorum-cert', cert) }),
        ...(key !== undefined && { key: await pem('--quorum-key', key) }),
      },
    }),
    ...(quorumSasl !== undefined && { sasl: await userAndPassword(quorumSasl) }),
  };
}

async function pem(option: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ZkferryError('BadUsage', `${option}: ${file} cannot be read (${error.code})`);
  });
  if (text.includes('-----BEGIN ')) return text;
  throw new ZkferryError('BadUsage', `${option}: expected PEM (-----BEGIN …) in ${file}`);
}

async function userAndPassword(reference: string): Promise<{ user: string; password: string }> {
  const { createSecrets } = await import('../adapters/secrets');
  const secret = await createSecrets().resolve(reference);
  const colon = secret.indexOf(':');
  if (colon > 0) return { user: secret.slice(0, colon), password: secret.slice(colon + 1) };
  throw new ZkferryError('BadUsage', '--quorum-sasl: expected a secret of the form user:password');
}
