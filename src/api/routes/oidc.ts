/** Logging in to the console by the identity provider: there, and back with an answer. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { LoggedIn, LoginAnswer, OpenIdLogin } from '../../adapters/identity/openIdLogin';
import type { ProvidedIdentity } from '../../adapters/identity/jwt';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ServerDependencies } from '../dependencies';
import { isSecure, sessionOf, setSessionCookie, type Session } from '../identity';
import {
  ATTEMPTS_COOKIE,
  openAttempts,
  setAttempts,
  takeAttempt,
  withAttempt,
} from '../loginAttempts';
import { sendRefusal } from '../refusalPage';
import { problems } from '../schemas';
import type { Routes } from './types';

const BY_ADDRESS = { max: 60, timeWindow: 60_000 };
/** In the audit log, of whom nothing is known. */
const SOMEBODY = '(not logged in)';
const SHOWN_GROUPS = 20;
const SHOWN_CHARS = 100;

const callbackQuery = z.object({
  state: z.string().max(200).default(''),
  code: z.string().max(8_192).optional(),
  error: z.string().max(200).optional(),
  iss: z.string().max(2_048).optional(),
});

export const oidcRoutes: Routes = (api, dependencies) => {
  const { configuration, sessionKey } = dependencies;
  const login = dependencies.identityProvider?.login;
  const secure = ({ protocol }: FastifyRequest): boolean => isSecure(configuration, protocol);
  const common = {
    method: 'GET',
    config: { open: true, rateLimit: BY_ADDRESS },
    errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendRefusal(error, request, reply, login ? `${login.url}/console/` : '/'),
  } as const;

  api.route({
    method: 'GET',
    url: '/v1/session/providers',
    config: { open: true },
    schema: {
      tags: ['session'],
      summary: 'identity providers by which one can log in to the console',
      security: [],
      response: {
        200: z.object({
          items: z.array(z.object({ name: z.string().describe('for people') })).max(1),
        }),
        ...problems,
      },
    },
    handler: () => Promise.resolve({ items: login ? [{ name: login.name }] : [] }),
  });
  api.route({
    ...common,
    url: '/v1/session/oidc',
    schema: {
      tags: ['session'],
      summary: 'log in to the console by the identity provider: leads there',
      security: [],
      response: { 302: z.null().describe('to the provider, with a cookie'), ...problems },
    },
    async handler(request, reply) {
      const provider = existing(login);
      const { attempt, location } = await provider.begin();
      const attempts = await openAttempts(sessionKey, request.cookies[ATTEMPTS_COOKIE]);
      await setAttempts(reply, withAttempt(attempts, attempt), {
        ...{ sessionKey, path: provider.path, secure: secure(request) },
      });
      return reply.redirect(location, 302);
    },
  });
  api.route({
    ...common,
    url: '/v1/session/oidc/callback',
    schema: {
      tags: ['session'],
      summary: 'where the identity provider sends a browser back to; answers with a cookie',
      security: [],
      querystring: callbackQuery,
      response: { 302: z.null().describe('to the console'), ...problems },
    },
    async handler(request, reply) {
      const provider = existing(login);
      const { state, ...answer } = request.query;
      const attempts = await openAttempts(sessionKey, request.cookies[ATTEMPTS_COOKIE]);
      const { attempt, rest } = takeAttempt(attempts, state);
      // Whatever comes of it: an answer counts for one attempt, and that one is over.
      await setAttempts(reply, rest, { sessionKey, path: provider.path, secure: secure(request) });
      const session = await writtenDown(dependencies, request, async () => {
        if (attempt === undefined) throw notBegunHere(provider);
        return finish(dependencies, provider, attempt, answer);
      });
      setSessionCookie(reply, session, secure(request));
      return reply.redirect(`${provider.url}/console/`, 302);
    },
  });
};

function existing(login: OpenIdLogin | undefined): OpenIdLogin {
  if (login !== undefined) return login;
  throw Object.assign(new Error('no identity provider is configured here to log in by'), {
    statusCode: 404,
  });
}

const notBegunHere = ({ url }: OpenIdLogin): ZkferryError =>
  new ZkferryError(
    'Unauthenticated',
    `that login was not begun in this browser, or longer than ten minutes ago; begin at ${url}/console/`,
  );

async function finish(
  dependencies: ServerDependencies,
  provider: OpenIdLogin,
  attempt: Parameters<OpenIdLogin['finish']>[0],
  answer: LoginAnswer,
): Promise<Session> {
  const loggedIn = await provider.finish(attempt, answer);
  return sessionOf(dependencies, demandSomething(provider, dependencies, loggedIn));
}

/** @throws Forbidden saying who they are, what the provider told of them, and what is missing */
function demandSomething(
  { name }: OpenIdLogin,
  { configuration: { identityProvider } }: ServerDependencies,
  { identity, groups }: LoggedIn,
): ProvidedIdentity {
  const { actorClaim, groupsClaim } = identityProvider!;
  if (identity === undefined)
    throw new ZkferryError(
      'Forbidden',
      `${name} does not say who you are: its id token has no ${actorClaim} that can be used. Ask whoever administers it.`,
    );
  if (identity.grants.length > 0) return identity;
  const shown = groups.slice(0, SHOWN_GROUPS).map((group) => group.slice(0, SHOWN_CHARS));
  const more = groups.length > shown.length ? ` and ${groups.length - shown.length} more` : '';
  throw new ZkferryError(
    'Forbidden',
    `You are ${identity.actor}, as ${name} says, but you have no role here.\n${
      shown.length === 0
        ? `It names no groups of yours (${groupsClaim}).`
        : `Of your groups (${shown.join(', ')}${more}) none is given one.`
    } Ask an administrator of zkferry for a role: viewer, operator, approver or admin.`,
    { details: { actor: identity.actor } },
  );
}

/** A login, or that it was refused, stands in the audit log before whoever asks hears of it. */
async function writtenDown(
  { audit }: Pick<ServerDependencies, 'audit'>,
  request: FastifyRequest,
  work: () => Promise<Session>,
): Promise<Session> {
  const entry = { action: 'login', target: 'console', request: request.id };
  try {
    const session = await work();
    await audit.append({ ...entry, actor: session.identity.actor, outcome: 'done' });
    return session;
  } catch (error) {
    const known = isZkferryError(error) ? error : undefined;
    const { actor = SOMEBODY } = (known?.options.details ?? {}) as { actor?: string };
    const outcome = known !== undefined && !known.retryable ? 'refused' : 'failed';
    const detail = known?.message.slice(0, 500);
    await audit.append({ ...entry, actor, outcome, ...(detail !== undefined && { detail }) });
    throw error;
  }
}
