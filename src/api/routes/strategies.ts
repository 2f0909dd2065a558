/** What can be started, and what each takes. */
import { z } from 'zod';
import { findStrategy, strategyNames } from '../../model/strategies';
import { anyObject, problems } from '../schemas';
import type { Routes } from './types';

const EXAMPLES: Record<string, object> = {
  upgrade: { ensemble: 'orders', target: { version: '3.9.6' } },
  resize: { ensemble: 'orders', add: ['zk4', 'zk5'] },
  migrate: { source: 'orders', target: 'orders-dc2', mode: 'stretch' },
  backup: { ensemble: 'orders', repository: 'backups' },
  restore: { repository: 'backups', to: { ensemble: 'orders' } },
  verify: { repository: 'backups', ensemble: 'orders' },
};

export const strategyRoutes: Routes = (api) => {
  const items = strategyNames.map((given) => {
    const { name, workflowType, hasPlan, schema } = findStrategy(given);
    return {
      ...{ name, workflowType, hasPlan },
      schema: z.toJSONSchema(schema, { io: 'input' }),
      example: EXAMPLES[name] as Record<string, unknown>,
    };
  });
  api.route({
    method: 'GET',
    url: '/v1/strategies',
    schema: {
      tags: ['runs'],
      summary: 'strategies, and the JSON schema of what each takes',
      response: {
        200: z.object({
          items: z.array(
            z.object({
              ...{ name: z.string(), workflowType: z.string(), hasPlan: z.boolean() },
              ...{ schema: anyObject, example: anyObject },
            }),
          ),
        }),
        ...problems,
      },
    },
    handler: () => Promise.resolve({ items }),
  });
};
