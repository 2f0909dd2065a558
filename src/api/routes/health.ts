/** For whoever watches over the server itself. */
import { z } from 'zod';
import { hasWorker } from '../../adapters/temporal/runs';
import { problems } from '../schemas';
import type { Routes } from './types';

export const healthRoutes: Routes = (api, { temporal, version }) => {
  const open = { open: true, rateLimit: false } as const;
  api.route({
    method: 'GET',
    url: '/healthz',
    config: open,
    schema: {
      tags: ['health'],
      summary: 'the server runs',
      response: { 200: z.object({ ok: z.boolean(), version: z.string() }) },
    },
    handler: () => Promise.resolve({ ok: true, version }),
  });
  api.route({
    method: 'GET',
    url: '/readyz',
    config: open,
    schema: {
      tags: ['health'],
      summary: 'the server reaches Temporal; worker: whether one polls',
      response: { 200: z.object({ ok: z.boolean(), worker: z.boolean() }), ...problems },
    },
    handler: async () => ({ ok: true, worker: await hasWorker(temporal) }),
  });
};
