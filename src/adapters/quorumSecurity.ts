/** What an ensemble's quorum ports demand of a learner: the inventory's references → what a tap takes. */
import type { DigestCredential } from '../codec/quorum/auth';
import { isZkferryError, ZkferryError } from '../model/errors';
import type { ResolvedEnsemble } from '../model/inventory';
import type { SecretsPort } from '../model/ports';
import type { QuorumSecurity } from './tap';

/**
 * Undefined where the ensemble says nothing of it.
 *
 * @throws SecretMissing, InvalidInventory; each names the field
 */
export async function quorumSecurity(
  { name, quorum }: Pick<ResolvedEnsemble, 'name' | 'quorum'>,
  secrets: SecretsPort,
): Promise<QuorumSecurity | undefined> {
  if (quorum === undefined) return undefined;
  const { tls, sasl } = quorum;
  const at = (field: string) => `ensembles.${name}.quorum.${field}`;
  const pem = async (field: string, reference: string, isPublic: boolean) => {
    const text = await resolved(at(`tls.${field}`), () => secrets.resolve(reference, { isPublic }));
    if (isPem(text)) return text;
    throw invalid(at(`tls.${field}`), `expected PEM (-----BEGIN …) in ${reference}`);
  };
  return {
    ...(tls !== undefined && {
      tls: {
        ca: await pem('ca', tls.ca, true),
        verifyHostName: tls.verifyHost,
        ...(tls.certificate !== undefined && {
          certificate: await pem('certificate', tls.certificate, true),
        }),
        ...(tls.key !== undefined && { key: await pem('key', tls.key, false) }),
      },
    }),
    ...(sasl !== undefined && { sasl: await credential(at('sasl'), sasl, secrets) }),
  };
}

export const isPem = (text: string): boolean => text.includes('-----BEGIN ');

/** Of `user:password`; undefined where it is not of that form. */
export function digestCredential(text: string): DigestCredential | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function credential(
  field: string,
  reference: string,
  secrets: SecretsPort,
): Promise<DigestCredential> {
  const found = digestCredential(await resolved(field, () => secrets.resolve(reference)));
  if (found !== undefined) return found;
  throw invalid(field, `expected a secret of the form user:password in ${reference}`);
}

/** A secret that is missing is told with the field that asks for it. */
async function resolved(field: string, resolve: () => Promise<string>): Promise<string> {
  try {
    return await resolve();
  } catch (error) {
    if (!isZkferryError(error)) throw error;
    throw new ZkferryError(error.type, `${field}: ${error.message}`, error.options);
  }
}

const invalid = (field: string, why: string): ZkferryError =>
  new ZkferryError('InvalidInventory', `${field}: ${why}`);
