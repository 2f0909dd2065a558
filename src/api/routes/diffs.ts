/** Two trees compared. */
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import { may } from '../../model/identity';
import { ensembleName } from '../../model/inventory';
import type { Difference } from '../../tree/diff/compare';
import type { Side } from '../../tree/diff/line';
import { textWithoutHashes } from '../acls';
import { createDiffJobs } from '../diffJobs';
import { demand } from '../identity';
import { problems, znodePathSchema } from '../schemas';
import type { Routes } from './types';

const placeSchema = z.strictObject({
  ensemble: ensembleName,
  path: znodePathSchema.default('/'),
});

export const diffRoutes: Routes = (api, dependencies) => {
  const { inventory } = dependencies;
  const jobs = createDiffJobs(dependencies);
  api.addHook('onClose', () => {
    jobs.close();
    return Promise.resolve();
  });

  api.route({
    method: 'POST',
    url: '/v1/diffs',
    schema: {
      tags: ['diffs'],
      summary: 'compare two trees: data, ACL, type, next sequence number; only reads',
      body: z.strictObject({ source: placeSchema, target: placeSchema }),
      response: { 202: z.object({ id: z.string() }), ...problems },
    },
    handler: async ({ body, identity }, reply) => {
      for (const { ensemble } of [body.source, body.target]) demand(identity, 'operator', ensemble);
      const [source, target] = await Promise.all(
        [body.source, body.target].map(async ({ ensemble, path }) => ({
          ...{ ensemble: await inventory.resolve(ensemble), path },
        })),
      );
      const { id } = jobs.start(source!, target!);
      return reply.code(202).header('location', `/v1/diffs/${id}`).send({ id });
    },
  });

  const sideSchema = z.record(z.string(), z.string()).optional();
  api.route({
    method: 'GET',
    url: '/v1/diffs/:id',
    schema: {
      tags: ['diffs'],
      summary: 'how far a comparison is, and what it has found: at most 1,000 differences',
      params: z.object({ id: z.uuid() }),
      response: {
        200: z.object({
          ...{ id: z.string(), state: z.enum(['running', 'done', 'failed']) },
          progress: z.object({ done: z.int() }),
          ...{ equal: z.boolean().optional(), count: z.int().optional() },
          differences: z.array(
            z.object({
              ...{ path: z.string(), kind: z.string(), fields: z.array(z.string()).optional() },
              ...{ source: sideSchema, target: sideSchema },
            }),
          ),
          ...{ truncated: z.boolean().optional(), error: z.string().optional() },
        }),
        ...problems,
      },
    },
    handler: ({ params, identity }) => {
      const job = jobs.get(params.id);
      if (job === undefined)
        throw new ZkferryError(
          'ObjectMissing',
          `there is no comparison ${params.id}: they are kept until the server is started anew`,
        );
      for (const ensemble of job.ensembles) demand(identity, 'operator', ensemble);
      const { ensembles, ...shown } = job;
      const isAdmin = ensembles.every((ensemble) => may(identity, 'admin', ensemble));
      return Promise.resolve(
        isAdmin ? shown : { ...shown, differences: shown.differences.map(withoutHashes) },
      );
    },
  });
};

function withoutHashes(difference: Difference): Difference {
  if (difference.kind !== 'different') return difference;
  const shown = ({ acl, ...side }: Side): Side => ({
    ...side,
    ...(acl !== undefined && { acl: textWithoutHashes(acl) }),
  });
  return { ...difference, source: shown(difference.source), target: shown(difference.target) };
}
