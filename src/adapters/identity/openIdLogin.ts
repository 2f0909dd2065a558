/**
 * Logging in by an identity provider: OpenID Connect's authorization code flow, with PKCE, state and nonce. What a provider says of
 * its refusals is never passed on: only our own words, chosen by its code.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { askJson, type JsonAnswer } from '../http/boundedJson';
import type { ProvidedIdentity, ReadToken } from './jwt';
import { isProtected, type LoginSpec } from './loginSchema';

const ANSWER_WITHIN_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1_024;
const DISCOVERY_IS_GOOD_MS = 3_600_000;
const CALLBACK = '/v1/session/oidc/callback';

/** What this browser has to come back with. */
export interface LoginAttempt {
  state: string;
  nonce: string;
  verifier: string;
}

/** What the provider has sent a browser back with. */
export interface LoginAnswer {
  code?: string;
  error?: string;
  iss?: string;
}

/** Whose login it is; without identity where the token does not say who they are. */
export interface LoggedIn {
  identity?: ProvidedIdentity;
  /** All that the provider told. */
  groups: string[];
}

export interface OpenIdLogin {
  /** For people. */
  name: string;
  /** Where they reach this server. */
  url: string;
  /** Path of what begins and ends a login, as browsers see it. */
  path: string;
  /** @throws WaitTimedOut (retryable) where the provider is away */
  begin(): Promise<{ attempt: LoginAttempt; location: string }>;
  /** @throws Unauthenticated for what does not count; WaitTimedOut (retryable) where the provider is away */
  finish(attempt: LoginAttempt, answer: LoginAnswer): Promise<LoggedIn>;
}

export interface LoginOptions {
  issuer: string;
  spec: LoginSpec;
  clientSecret?: string;
  read: ReadToken;
  personOf(payload: JWTPayload): LoggedIn;
}

const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string().refine(isProtected),
  token_endpoint: z.string().refine(isProtected),
  token_endpoint_auth_methods_supported: z
    .array(z.string())
    .optional()
    .default(['client_secret_basic']),
  authorization_response_iss_parameter_supported: z.boolean().optional().default(false),
});
type Discovery = z.output<typeof discoverySchema>;

const tokenAnswerSchema = z.object({ id_token: z.string().min(1).max(65_536) });
const refusalSchema = z.object({ error: z.string() });

const refused = (why: string, cause?: unknown): ZkferryError =>
  new ZkferryError('Unauthenticated', `${why}; log in again`, { cause });

/** By the codes of OAuth 2 and OpenID Connect. */
const WORDS: Record<string, string> = {
  access_denied: 'the identity provider was told not to let you in, or does not let you',
  login_required: 'the identity provider wants you to log in there first',
  interaction_required: 'the identity provider wants something of you first',
  consent_required: 'the identity provider was not allowed to say who you are',
  server_error: 'something went wrong at the identity provider',
  temporarily_unavailable: 'the identity provider has too much to do now',
  invalid_grant: 'what the identity provider gave this login counts no more',
};
/** What nobody who logs in can mend. */
const OF_CONFIGURATION = ['invalid_client', 'unauthorized_client', 'invalid_scope'];

function wordsFor(code: string): string {
  if (OF_CONFIGURATION.includes(code))
    return 'the identity provider does not know this server as it is configured: an administrator must look at identityProvider.login';
  return Object.hasOwn(WORDS, code) ? WORDS[code]! : 'the identity provider refused the login';
}

const random = (): string => randomBytes(32).toString('base64url');

/** Nothing is asked before somebody logs in: that the provider is away keeps no server from starting. */
export function createOpenIdLogin(options: LoginOptions): OpenIdLogin {
  const { issuer, spec } = options;
  const redirectUri = `${spec.url}${CALLBACK}`;
  const discover = discoveryOf(issuer);
  return {
    name: spec.name ?? new URL(issuer).host,
    url: spec.url,
    path: new URL(redirectUri).pathname.replace(/\/callback$/, ''),
    async begin() {
      const { authorization_endpoint } = await discover();
      const attempt = { state: random(), nonce: random(), verifier: random() };
      const location = new URL(authorization_endpoint);
      const parameters = {
        ...{ response_type: 'code', client_id: spec.clientId, redirect_uri: redirectUri },
        ...{ scope: spec.scopes.join(' '), state: attempt.state, nonce: attempt.nonce },
        code_challenge: createHash('sha256').update(attempt.verifier).digest('base64url'),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(parameters))
        location.searchParams.set(name, value);
      return { attempt, location: location.href };
    },
    async finish(attempt, { code, error, iss }) {
      const discovery = await discover();
      const mustName = discovery.authorization_response_iss_parameter_supported;
      if (iss === undefined ? mustName : iss !== issuer)
        throw refused('that answer is of another identity provider');
      if (error !== undefined) throw refused(wordsFor(error));
      if (code === undefined) throw refused('the identity provider gave no code');
      const idToken = await redeem(options, discovery, redirectUri, code, attempt.verifier);
      return options.personOf(await readIdToken(options, idToken, attempt.nonce));
    },
  };
}

/** Its document, asked for once in a while and by one at a time; an answer that can't be used is not kept. */
function discoveryOf(issuer: string): () => Promise<Discovery> {
  let known: { at: number; document: Promise<Discovery> } | undefined;
  const ask = async (): Promise<Discovery> => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { status, document } = await ofProvider(issuer, url, {});
    const discovery = discoverySchema.safeParse(document);
    if (status !== 200 || !discovery.success)
      throw away(issuer, `its configuration (${url}) was answered with ${status}, or is none`);
    if (discovery.data.issuer !== issuer)
      throw away(issuer, 'its configuration is of another issuer');
    return discovery.data;
  };
  return () => {
    if (known === undefined || Date.now() - known.at > DISCOVERY_IS_GOOD_MS) {
      const mine = { at: Date.now(), document: ask() };
      known = mine;
      mine.document.catch(() => {
        if (known === mine) known = undefined;
      });
    }
    return known.document;
  };
}

const away = (issuer: string, why: string, cause?: unknown): ZkferryError =>
  new ZkferryError(
    'WaitTimedOut',
    `the identity provider ${issuer} can't be asked now: ${why}; try again, or log in with a token`,
    { retryable: true, cause },
  );

async function ofProvider(
  issuer: string,
  url: string,
  request: { method?: 'POST'; headers?: Record<string, string>; body?: string },
): Promise<JsonAnswer> {
  return askJson(url, {
    ...request,
    ...{ timeoutMs: ANSWER_WITHIN_MS, maxBytes: MAX_ANSWER_BYTES },
  }).catch((error: unknown) => {
    throw away(issuer, (error as Error).message, error);
  });
}

/** The code for an id token. A code counts once, and only with the verifier of whoever began. */
async function redeem(
  { issuer, spec, clientSecret }: LoginOptions,
  discovery: Discovery,
  redirectUri: string,
  code: string,
  verifier: string,
): Promise<string> {
  const form = new URLSearchParams({
    ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
    code_verifier: verifier,
  });
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  const isBasic = discovery.token_endpoint_auth_methods_supported.includes('client_secret_basic');
  if (clientSecret !== undefined && isBasic) {
    const pair = [spec.clientId, clientSecret].map(formEncoded).join(':');
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    form.set('client_id', spec.clientId);
    if (clientSecret !== undefined) form.set('client_secret', clientSecret);
  }
  const { status, document } = await ofProvider(issuer, discovery.token_endpoint, {
    ...{ method: 'POST', headers, body: form.toString() },
  });
  const refusal = refusalSchema.safeParse(document);
  if (status >= 400 && status < 500 && refusal.success) throw refused(wordsFor(refusal.data.error));
  const answer = tokenAnswerSchema.safeParse(document);
  if (status === 200 && answer.success) return answer.data.id_token;
  throw away(issuer, `it answered the code with ${status}, without an id token`);
}

/** As RFC 6749 wants it in both halves of Basic. */
const formEncoded = (text: string): string =>
  new URLSearchParams({ '': text }).toString().slice('='.length);

async function readIdToken(
  { spec, read }: LoginOptions,
  idToken: string,
  nonce: string,
): Promise<JWTPayload> {
  const payload = await read(idToken, spec.clientId).catch((error: unknown) => {
    if (isZkferryError(error)) throw error;
    throw refused("the identity provider's id token does not count here", error);
  });
  if (typeof payload.nonce !== 'string' || !isSame(payload.nonce, nonce))
    throw refused('that id token is of another login');
  const { aud, azp } = payload;
  const isForOthersToo = Array.isArray(aud) && aud.length > 1;
  if (azp === undefined ? isForOthersToo : azp !== spec.clientId)
    throw refused('that id token was given to somebody else');
  return payload;
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
