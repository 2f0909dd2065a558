/** Who asked for what. */
import { z } from 'zod';
import { demand } from '../identity';
import { pageQuery, problems } from '../schemas';
import type { Routes } from './types';

export const auditRoutes: Routes = (api, { audit }) => {
  api.route({
    method: 'GET',
    url: '/v1/audit',
    schema: {
      tags: ['audit'],
      summary: 'who asked for what, and what came of it; newest first',
      querystring: pageQuery(500, 50).extend({
        cursor: z
          .string()
          .regex(/^\d{1,15}$/, { error: 'expected nextCursor of the page before' })
          .optional(),
      }),
      response: {
        200: z.object({
          items: z.array(
            z.object({
              ...{ seq: z.int(), at: z.string(), actor: z.string(), action: z.string() },
              ...{ target: z.string(), planHash: z.string().optional() },
              outcome: z.enum(['asked', 'done', 'refused', 'failed', 'unknown']),
              ...{ detail: z.string().optional(), request: z.string() },
            }),
          ),
          nextCursor: z.string().optional(),
        }),
        ...problems,
      },
    },
    handler: ({ query, identity }) => {
      demand(identity, 'admin');
      return audit.page(query);
    },
  });
};
