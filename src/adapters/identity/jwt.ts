/** People of an identity provider, by the tokens it signs (OpenID Connect, or any JWT with a JWKS). */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import { grantSchema, type Grant, type Identity } from '../../model/identity';
import type { SecretsPort } from '../../model/ports';
import { isProtected, loginSchema, protectedUrl } from './loginSchema';
import { createOpenIdLogin, type OpenIdLogin } from './openIdLogin';

export const identityProviderSchema = z
  .strictObject({
    issuer: z.string().min(1).max(2_048).describe('`iss` of its tokens'),
    audience: z.string().min(1).max(2_048).describe('`aud` that names this server'),
    jwks: z
      .union([
        z.strictObject({ url: protectedUrl }),
        z.strictObject({ file: z.string().regex(/^\//, { error: 'expected an absolute path' }) }),
      ])
      .describe('where its public keys are'),
    actorClaim: z.string().min(1).max(100).default('email').describe('who they are'),
    groupsClaim: z.string().min(1).max(100).default('groups'),
    grants: z
      .record(z.string().min(1).max(200), z.array(grantSchema).min(1).max(100))
      .describe('what members of a group may do'),
    login: loginSchema.optional().describe('people log in to the console there (OpenID Connect)'),
  })
  .refine(({ issuer, login }) => login === undefined || isProtected(issuer), {
    path: ['issuer'],
    error: 'expected an https:// URL, since login is configured: its configuration is read there',
  });
export type IdentityProviderSpec = z.output<typeof identityProviderSchema>;

/** Signatures by a shared secret are none of a provider's. */
const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256'];
const CLOCK_TOLERANCE_SECONDS = 30;
const KEYS_WITHIN_MS = 5_000;
const MAX_ACTOR_CHARS = 200;

/** Somebody as the provider's token says. */
export interface ProvidedIdentity extends Identity {
  /** Theirs, of those that are given something. */
  groups: string[];
}

export interface IdentityProvider {
  /** Undefined for a token that is not the provider's, or counts no more. TemporalUnavailable is none of its errors. */
  identify(token: string): Promise<ProvidedIdentity | undefined>;
  /** What members of these may do as the configuration is now. */
  grantsOf(groups: readonly string[]): Grant[];
  login?: OpenIdLogin;
}

/** Reads a token of the provider. WaitTimedOut (retryable) where its keys did not come; a JOSEError where it does not count. */
export type ReadToken = (token: string, audience: string) => Promise<JWTPayload>;

/** @throws SecretMissing where the keys are in a file that can't be read, or the secret for logins is nowhere */
export async function createIdentityProvider(
  spec: IdentityProviderSpec,
  secrets: SecretsPort,
): Promise<IdentityProvider> {
  const keys = await keysOf(spec);
  const read: ReadToken = async (token, audience) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...{ issuer: spec.issuer, audience, algorithms: ALGORITHMS },
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      if (isOfToken(error)) throw error;
      throw new ZkferryError(
        'WaitTimedOut',
        `the identity provider ${spec.issuer} did not give its keys; try again`,
        { retryable: true, cause: error },
      );
    }
  };
  const { login } = spec;
  return {
    async identify(token) {
      const payload = await read(token, spec.audience).catch((error: unknown) => {
        if (isOfToken(error)) return undefined;
        throw error;
      });
      return payload && identityOf(payload, spec);
    },
    grantsOf: (groups) => grantsOf(spec, groups),
    ...(login && {
      login: createOpenIdLogin({
        ...{ issuer: spec.issuer, spec: login, read },
        clientSecret: login.clientSecret && (await secrets.resolve(login.clientSecret)),
        personOf: (payload) => ({
          identity: identityOf(payload, spec),
          groups: groupsOf(payload, spec),
        }),
      }),
    }),
  };
}

/** What jose says of a token has a name of its own; of an answer that holds no keys it has none. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  error.code !== 'ERR_JOSE_GENERIC' &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid);

async function keysOf({ jwks }: IdentityProviderSpec): Promise<JWTVerifyGetKey> {
  if ('url' in jwks)
    return createRemoteJWKSet(new URL(jwks.url), { timeoutDuration: KEYS_WITHIN_MS });
  try {
    return createLocalJWKSet(JSON.parse(await readFile(jwks.file, 'utf8')) as JSONWebKeySet);
  } catch (error) {
    throw new ZkferryError('SecretMissing', `the JWKS ${jwks.file} is not usable`, {
      cause: error,
    });
  }
}

function identityOf(payload: JWTPayload, spec: IdentityProviderSpec): ProvidedIdentity | undefined {
  const actor = payload[spec.actorClaim];
  if (typeof actor !== 'string' || !isName(actor)) return undefined;
  // An address that nobody has looked at may be anybody's: by it one would approve in another's name.
  if (spec.actorClaim === 'email' && payload.email_verified === false) return undefined;
  const groups = groupsOf(payload, spec).filter((group) => Object.hasOwn(spec.grants, group));
  const expiresAt = new Date(payload.exp! * 1_000).toISOString();
  return { actor, groups, grants: grantsOf(spec, groups), expiresAt };
}

/** What looks like another's name, and is none, would be counted as another person. */
const isName = (actor: string): boolean =>
  actor !== '' &&
  actor.length <= MAX_ACTOR_CHARS &&
  actor.trim() === actor &&
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(actor);

function groupsOf(payload: JWTPayload, { groupsClaim }: IdentityProviderSpec): string[] {
  const told: unknown = payload[groupsClaim];
  return (Array.isArray(told) ? told : [told]).filter((group) => typeof group === 'string');
}

const grantsOf = ({ grants }: IdentityProviderSpec, groups: readonly string[]): Grant[] =>
  groups.flatMap((group) => (Object.hasOwn(grants, group) ? grants[group]! : []));
