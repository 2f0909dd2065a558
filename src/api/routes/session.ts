/** Logging in and out of the console, and who one is. */
import { z } from 'zod';
import { grantSchema } from '../../model/identity';
import { COOKIE, endSession, isSecure, openSession, setSessionCookie } from '../identity';
import { problems } from '../schemas';
import type { Routes } from './types';

const sessionAnswer = z.object({ actor: z.string(), csrf: z.string(), expiresAt: z.string() });

export const sessionRoutes: Routes = (api, dependencies) => {
  const { configuration, version, signer } = dependencies;
  api.route({
    method: 'POST',
    url: '/v1/session',
    config: { open: true, rateLimit: { max: 20, timeWindow: 60_000 } },
    schema: {
      tags: ['session'],
      summary: 'log in to the console with a token; answers with a cookie',
      security: [],
      body: z.strictObject({ token: z.string().min(1).max(8_192) }),
      response: { 200: sessionAnswer, ...problems },
    },
    async handler({ body, protocol }, reply) {
      const session = await openSession(dependencies, body.token);
      setSessionCookie(reply, session, isSecure(configuration, protocol));
      const { csrf, expiresAt, identity } = session;
      return { actor: identity.actor, csrf, expiresAt };
    },
  });
  api.route({
    method: 'DELETE',
    url: '/v1/session',
    config: { open: true },
    schema: {
      tags: ['session'],
      summary:
        'log out: the session ends, also where its cookie was copied to; shows X-CSRF-Token as any change by cookie does',
      security: [],
      response: { 204: z.null(), ...problems },
    },
    async handler(request, reply) {
      await endSession(dependencies, request);
      await reply.clearCookie(COOKIE, { path: '/' }).code(204).send(null);
    },
  });
  api.route({
    method: 'GET',
    url: '/v1/me',
    schema: {
      tags: ['session'],
      summary: 'who asks, and what they may do',
      response: {
        200: z.object({
          actor: z.string(),
          csrf: z.string().optional(),
          expiresAt: z.string().optional(),
          approvals: z.enum(['open', 'signed']).describe('signed: this server signs approvals'),
          version: z.string(),
          grants: z.array(grantSchema),
        }),
        ...problems,
      },
    },
    handler: ({ identity, csrf }) => {
      const { actor, grants, expiresAt } = identity;
      const approvals = signer === undefined ? ('open' as const) : ('signed' as const);
      return Promise.resolve({ ...{ actor, csrf, expiresAt, approvals, version, grants } });
    },
  });
};
