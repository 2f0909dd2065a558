/**
 * Who asks: a bearer token (of zkferry, or of the identity provider), or the console's cookie, which holds no more than whose
 * session it is, by which groups, and until when. A cookie alone changes nothing: the page must also show the token it was given for that (CSRF).
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jwtVerify, SignJWT } from 'jose';
import type { Role } from '../model/approval';
import { ZkferryError } from '../model/errors';
import { may, maySomewhere, type Identity } from '../model/identity';
import type { ProvidedIdentity } from '../adapters/identity/jwt';
import type { ServerConfiguration } from './configuration';
import type { ServerDependencies } from './dependencies';
import { unavailable } from './problems';

export const COOKIE = 'zkferry_session';
export const CSRF_HEADER = 'x-csrf-token';
const ALGORITHM = 'HS256';
const AUDIENCE = 'zkferry-console';
/** Browsers drop larger ones without a word. */
const MAX_COOKIE_CHARS = 3_800;
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every route but the open ones. */
    identity: Identity;
    /** Of a request by cookie: what unsafe ones must show. */
    csrf?: string;
  }
}

export interface Session {
  cookie: string;
  csrf: string;
  identity: Identity;
  expiresAt: string;
}

/** Whose token it is, and by what they are known again. */
type Known = (Identity & { tokenId: string }) | ProvidedIdentity;

type Deps = Pick<
  ServerDependencies,
  'tokens' | 'identityProvider' | 'sessionKey' | 'configuration' | 'revoked'
>;

const unknown = (why: string): ZkferryError =>
  new ZkferryError(
    'Unauthenticated',
    `${why}; send Authorization: Bearer TOKEN (zkferry token create makes one)`,
  );

/** @throws Unauthenticated */
export async function identityOfToken(
  { tokens, identityProvider }: Deps,
  token: string,
): Promise<Known> {
  const identity = token.startsWith('zkf_')
    ? await fromFile(() => tokens.identify(token))
    : await identityProvider?.identify(token);
  if (identity === undefined) throw unknown('that token is not known here, or has expired');
  return identity;
}

/** Nobody is let in while the file of tokens can't be read; what is wrong in it is not for whoever asks. */
async function fromFile<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw unavailable(`nobody can be let in: ${(error as Error).message}`, error);
  }
}

/** @throws Unauthenticated */
export const openSession = async (dependencies: Deps, token: string): Promise<Session> =>
  sessionOf(dependencies, await identityOfToken(dependencies, token));

/** It ends at the latest when what they are known by does. @throws Unsupported for one of too many groups */
export async function sessionOf(
  { sessionKey, configuration }: Pick<Deps, 'sessionKey' | 'configuration'>,
  identity: Known,
): Promise<Session> {
  const ends = Math.min(
    Date.now() + configuration.sessionMs,
    identity.expiresAt === undefined ? Infinity : Date.parse(identity.expiresAt),
  );
  // What they may do is looked up each time: taking out a token, or what a group is given, tells on sessions at once.
  const kept =
    'tokenId' in identity
      ? { tokenId: identity.tokenId }
      : { actor: identity.actor, groups: identity.groups };
  const cookie = await new SignJWT(kept)
    .setProtectedHeader({ alg: ALGORITHM })
    .setAudience(AUDIENCE)
    .setJti(randomUUID())
    .setExpirationTime(Math.floor(ends / 1_000))
    .sign(sessionKey);
  if (cookie.length > MAX_COOKIE_CHARS)
    throw new ZkferryError(
      'Unsupported',
      `${identity.actor} is in more groups that have rights here than a session can hold: have fewer named in identityProvider.grants`,
    );
  const expiresAt = new Date(ends).toISOString();
  return { cookie, csrf: csrfOf(sessionKey, cookie), identity, expiresAt };
}

const csrfOf = (key: Uint8Array, cookie: string): string =>
  createHmac('sha256', key).update(`csrf ${cookie}`).digest('base64url');

/** Sets who asks. @throws Unauthenticated; Forbidden for an unsafe request by cookie alone */
export async function authenticate(dependencies: Deps, request: FastifyRequest): Promise<void> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [, token] = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(authorization) ?? [];
    if (token === undefined) throw unknown('expected Authorization: Bearer TOKEN');
    request.identity = await identityOfToken(dependencies, token);
    return;
  }
  const cookie = request.cookies[COOKIE];
  if (cookie === undefined) throw unknown('nobody is logged in');
  request.identity = await identityOfCookie(dependencies, cookie);
  request.csrf = csrfOf(dependencies.sessionKey, cookie);
  if (!SAFE_METHODS.includes(request.method)) demandShown(request, request.csrf);
}

function demandShown({ headers }: FastifyRequest, csrf: string): void {
  const shown = headers[CSRF_HEADER];
  if (typeof shown !== 'string' || !isSame(shown, csrf))
    throw new ZkferryError(
      'Forbidden',
      `a request by cookie that changes something must show ${CSRF_HEADER}, as GET /v1/me tells it`,
    );
}

function isSame(shown: string, expected: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const ended = () => unknown('the session has ended: log in again');

/** @throws Unauthenticated for one that is altered or over */
async function claimsOf(sessionKey: Uint8Array, cookie: string) {
  const { payload } = await jwtVerify(cookie, sessionKey, {
    audience: AUDIENCE,
    algorithms: [ALGORITHM],
    requiredClaims: ['exp', 'jti'],
  }).catch(() => {
    throw ended();
  });
  return payload;
}

/**
 * From here on its cookie counts no more, wherever a copy of it is. What is no session of ours is left alone.
 * @throws Forbidden where the page does not show what it was told for changes: others must not end it
 */
export async function endSession(dependencies: Deps, request: FastifyRequest): Promise<void> {
  const { sessionKey, revoked } = dependencies;
  const cookie = request.cookies[COOKIE];
  const claims =
    cookie === undefined ? undefined : await claimsOf(sessionKey, cookie).catch(() => undefined);
  if (cookie === undefined || claims === undefined || revoked.has(claims.jti!)) return;
  demandShown(request, csrfOf(sessionKey, cookie));
  await revoked.add(claims.jti!, claims.exp!);
}

async function identityOfCookie(
  { tokens, identityProvider, sessionKey, revoked }: Deps,
  cookie: string,
): Promise<Identity> {
  const payload = await claimsOf(sessionKey, cookie);
  if (revoked.has(payload.jti!)) throw ended();
  const expiresAt = new Date(payload.exp! * 1_000).toISOString();
  const { tokenId } = payload;
  if (typeof tokenId === 'string') {
    const identity = await fromFile(() => tokens.byId(tokenId));
    if (identity === undefined) throw ended();
    return { ...identity, expiresAt };
  }
  // Nobody else has signed it; the provider may have been taken out of the configuration since.
  const { actor, groups } = payload as unknown as Partial<ProvidedIdentity>;
  if (actor === undefined || groups === undefined || identityProvider === undefined) throw ended();
  return { actor, grants: identityProvider.grantsOf(groups), expiresAt };
}

/** Whether cookies go over TLS only. A proxy in front ends it, also where its X-Forwarded-Proto does not say so. */
export const isSecure = (
  { tls, behindProxy }: Pick<ServerConfiguration, 'tls' | 'behindProxy'>,
  protocol: string,
): boolean => behindProxy || tls !== undefined || protocol === 'https';

export function setSessionCookie(
  reply: FastifyReply,
  { cookie, expiresAt }: Session,
  secure: boolean,
): void {
  void reply.setCookie(COOKIE, cookie, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure,
    expires: new Date(expiresAt),
  });
}

/** @throws Forbidden saying which role on which ensemble it takes */
export function demand(identity: Identity, role: Role, ensemble?: string): void {
  if (may(identity, role, ensemble)) return;
  throw new ZkferryError(
    'Forbidden',
    `${identity.actor} is no ${role} of ${ensemble ?? 'all ensembles'}`,
  );
}

/** @throws Forbidden */
export function demandSomewhere(identity: Identity, role: Role): void {
  if (maySomewhere(identity, role)) return;
  throw new ZkferryError('Forbidden', `${identity.actor} is no ${role} of any ensemble`);
}
