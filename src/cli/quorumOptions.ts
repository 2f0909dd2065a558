/** What a quorum port may demand of a learner: options of every command that reads by the tap. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { digestCredential, isPem, quorumSecurity } from '../adapters/quorumSecurity';
import type { QuorumSecurity, TapOptions } from '../adapters/tap/tap';
import type { ServerAddress } from '../adapters/zookeeper/fourLetterClient';
import { ZkferryError } from '../model/errors';
import type { ResolvedEnsemble } from '../model/inventory';
import type { SecretsPort } from '../model/ports';
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

/**
 * How the leader of `servers` is attached to: what the options say goes before what the inventory does, of which
 * no more is looked up than is needed. BadUsage, InvalidInventory, SecretMissing, each naming option or field.
 */
export async function tapAccess(
  servers: readonly ServerAddress[],
  options: QuorumOptions,
  ensemble?: Pick<ResolvedEnsemble, 'name' | 'quorum'>,
): Promise<Pick<TapOptions, 'servers' | 'security'>> {
  const { quorumPort } = options;
  const given = await securityOf(options);
  const security = withHostCheck({ ...(await remaining(ensemble, given)), ...given }, options);
  return {
    servers: servers.map((server) => ({
      ...server,
      ...(quorumPort !== undefined && { quorumPort }),
    })),
    ...((security.tls !== undefined || security.sasl !== undefined) && { security }),
  };
}

/** What the inventory says beside `given`. */
async function remaining(
  ensemble: Pick<ResolvedEnsemble, 'name' | 'quorum'> | undefined,
  given: QuorumSecurity,
): Promise<QuorumSecurity | undefined> {
  if (ensemble?.quorum === undefined) return undefined;
  const { tls, sasl } = ensemble.quorum;
  const quorum = {
    ...(given.tls === undefined && tls !== undefined && { tls }),
    ...(given.sasl === undefined && sasl !== undefined && { sasl }),
  };
  const { createSecrets } = await import('../adapters/secrets');
  return quorumSecurity({ name: ensemble.name, quorum }, createSecrets());
}

function withHostCheck(
  { tls, ...rest }: QuorumSecurity,
  { quorumHostCheck }: QuorumOptions,
): QuorumSecurity {
  if (tls === undefined) return rest;
  return { ...rest, tls: quorumHostCheck === false ? { ...tls, verifyHostName: false } : tls };
}

async function securityOf(options: QuorumOptions): Promise<QuorumSecurity> {
  const { quorumCa: ca, quorumCert: cert, quorumKey: key, quorumSasl } = options;
  if ((cert === undefined) !== (key === undefined) || (cert !== undefined && ca === undefined))
    throw new ZkferryError(
      'BadUsage',
      '--quorum-cert, --quorum-key: expected both, and --quorum-ca with them',
    );
  return {
    ...(ca !== undefined && {
      tls: {
        ca: await pem('--quorum-ca', ca),
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
  if (isPem(text)) return text;
  throw new ZkferryError('BadUsage', `${option}: expected PEM (-----BEGIN …) in ${file}`);
}

async function userAndPassword(reference: string): Promise<{ user: string; password: string }> {
  const { createSecrets } = await import('../adapters/secrets');
  const found = digestCredential(await givenSecret(createSecrets(), '--quorum-sasl', reference));
  if (found !== undefined) return found;
  throw new ZkferryError('BadUsage', '--quorum-sasl: expected a secret of the form user:password');
}

/** What `option` refers to. BadUsage, which repeats no password that was given in place of a reference. */
export async function givenSecret(
  secrets: SecretsPort,
  option: string,
  reference: string,
): Promise<string> {
  try {
    return await secrets.resolve(reference);
  } catch (error) {
    const isFile = reference.startsWith('file:/');
    const got = isFile || reference.startsWith('env:') ? reference : 'neither';
    throw new ZkferryError(
      'BadUsage',
      `${option}: expected env:NAME of a variable that is set, or file:/absolute/path, each the text user:password; got ${got}${isFile ? `: ${(error as Error).message}` : ''}`,
    );
  }
}
