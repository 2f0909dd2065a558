/** People of an identity provider, by the tokens it signs (OpenID Connect, or any JWT with a JWKS). */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import { grantSchema, type Identity } from '../../model/identity';

export const identityProviderSchema = z.strictObject({
  issuer: z.string().min(1).max(2_048).describe('`iss` of its tokens'),
  audience: z.string().min(1).max(2_048).describe('`aud` that names this server'),
  jwks: z
    .union([
      z.strictObject({ url: z.url({ protocol: /^https$/, error: 'expected an https:// URL' }) }),
      z.strictObject({ file: z.string().regex(/^\//, { error: 'expected an absolute path' }) }),
    ])
    .describe('where its public keys are'),
  actorClaim: z.string().min(1).max(100).default('email').describe('who they are'),
  groupsClaim: z.string().min(1).max(100).default('groups'),
  grants: z
    .record(z.string().min(1).max(200), z.array(grantSchema).min(1).max(100))
    .describe('what members of a group may do'),
});
export type IdentityProviderSpec = z.output<typeof identityProviderSchema>;

/** Signatures by a shared secret are none of a provider's. */
const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256'];
const CLOCK_TOLERANCE_SECONDS = 30;

export interface IdentityProvider {
  /** Undefined for a token that is not the provider's, or counts no more. TemporalUnavailable is none of its errors. */
  identify(token: string): Promise<Identity | undefined>;
}

/** @throws SecretMissing where the keys are in a file that can't be read */
export async function createIdentityProvider(
  spec: IdentityProviderSpec,
): Promise<IdentityProvider> {
  const keys = await keysOf(spec);
  return {
    async identify(token) {
      let payload: JWTPayload;
      try {
        ({ payload } = await jwtVerify(token, keys, {
          issuer: spec.issuer,
          audience: spec.audience,
          algorithms: ALGORITHMS,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['exp'],
        }));
      } catch (error) {
        if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout))
          return undefined;
        throw new ZkferryError(
          'WaitTimedOut',
          `the identity provider ${spec.issuer} did not give its keys; try again`,
          { retryable: true, cause: error },
        );
      }
      return identityOf(payload, spec);
    },
  };
}

async function keysOf({ jwks }: IdentityProviderSpec): Promise<JWTVerifyGetKey> {
  if ('url' in jwks) return createRemoteJWKSet(new URL(jwks.url), { timeoutDuration: 5_000 });
  try {
    return createLocalJWKSet(JSON.parse(await readFile(jwks.file, 'utf8')) as JSONWebKeySet);
  } catch (error) {
    throw new ZkferryError('SecretMissing', `the JWKS ${jwks.file} is not usable`, {
      cause: error,
    });
  }
}

function identityOf(payload: JWTPayload, spec: IdentityProviderSpec): Identity | undefined {
  const actor = payload[spec.actorClaim];
  const groups = payload[spec.groupsClaim];
  if (typeof actor !== 'string' || actor === '' || actor.length > 200) return undefined;
  const grants = (Array.isArray(groups) ? groups : [groups]).flatMap((group) =>
    typeof group === 'string' && Object.hasOwn(spec.grants, group) ? spec.grants[group]! : [],
  );
  return { actor, grants, expiresAt: new Date(payload.exp! * 1_000).toISOString() };
}
