/** The tree of an ensemble, looked at node by node; changed by admins only, never blindly. */
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import { may } from '../../model/identity';
import { permsText } from '../../model/permsText';
import type { ZkStat } from '../../model/ports';
import { withoutHash } from '../acls';
import { audited } from '../audited';
import { openedCursor, signedCursor } from '../cursor';
import { demand } from '../identity';
import { ensembleParams, pageQuery, problems, wholeNumber, znodePathSchema } from '../schemas';
import { createTreeSessions } from '../treeSessions';
import type { Routes } from './types';

const SHOWN_BYTES = 64 * 1024;
const MOST_DATA_BYTES = 512 * 1024;
const SYSTEM_ROOT = '/zookeeper';
const NO_OWNER = '0x0';

const versionSchema = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const dataSchema = z
  .base64()
  .max(Math.ceil((MOST_DATA_BYTES * 4) / 3) + 4)
  .describe('base64');

const statSchema = z.object({
  ...{ czxid: z.string(), mzxid: z.string(), pzxid: z.string() },
  ...{ ctime: z.string(), mtime: z.string() },
  ...{ version: z.int(), cversion: z.int(), aversion: z.int() },
  ephemeralOwner: z.string().optional().describe('session, of an ephemeral'),
  ...{ dataLength: z.int(), numChildren: z.int() },
});
const changed = z.object({ stat: statSchema });

export const treeRoutes: Routes = (api, dependencies) => {
  const { inventory, audit, sessionKey } = dependencies;
  const sessions = createTreeSessions(dependencies);
  api.addHook('onClose', () => sessions.close());

  api.route({
    method: 'GET',
    url: '/v1/ensembles/:ensemble/tree/node',
    schema: {
      tags: ['tree'],
      summary: 'one znode: stat, ACL and, for operators, the beginning of its data',
      params: ensembleParams,
      querystring: z.object({ path: znodePathSchema }),
      response: {
        200: z.object({
          ...{ path: z.string(), stat: statSchema },
          acl: z.array(z.object({ perms: z.string(), scheme: z.string(), id: z.string() })),
          data: z
            .string()
            .optional()
            .describe('base64; absent for viewers, and where there is none'),
          truncated: z.boolean(),
        }),
        ...problems,
      },
    },
    async handler({ params, query: { path }, identity }) {
      demand(identity, 'viewer', params.ensemble);
      const ensemble = await inventory.resolve(params.ensemble);
      const mayRead = may(identity, 'operator', params.ensemble);
      const isAdmin = may(identity, 'admin', params.ensemble);
      return sessions.within(ensemble, async (session) => {
        const { data, stat } = mayRead
          ? await session.get(path)
          : { data: null, stat: await session.exists(path) };
        if (stat === null)
          throw new ZkferryError('ObjectMissing', `${params.ensemble} has no znode ${path}`);
        const acl = await session.getAcl(path).catch(() => []);
        return {
          ...{ path, stat: shownStat(stat) },
          acl: acl.map(({ perms, scheme, id }) => ({
            ...{ perms: permsText(perms), scheme },
            id: isAdmin ? id : withoutHash(scheme, id),
          })),
          ...(data !== null && { data: data.subarray(0, SHOWN_BYTES).toString('base64') }),
          truncated: (data?.length ?? 0) > SHOWN_BYTES,
        };
      });
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/ensembles/:ensemble/tree/children',
    schema: {
      tags: ['tree'],
      summary: 'names below a znode, sorted, page by page',
      params: ensembleParams,
      querystring: pageQuery(5_000, 500).extend({
        path: znodePathSchema,
        contains: z.string().min(1).max(200).optional(),
      }),
      response: {
        200: z.object({
          ...{ path: z.string(), total: z.int().describe('of all that match') },
          items: z.array(z.object({ name: z.string() })),
          nextCursor: z.string().optional(),
        }),
        ...problems,
      },
    },
    async handler({ params, query, identity }) {
      demand(identity, 'viewer', params.ensemble);
      const { path, limit, cursor, contains } = query;
      const after = cursor && Buffer.from(openedCursor(sessionKey, cursor), 'base64url').toString();
      const ensemble = await inventory.resolve(params.ensemble);
      const all = await sessions.children(ensemble, path, cursor === undefined);
      const names = contains === undefined ? all : all.filter((name) => name.includes(contains));
      const from = after === undefined ? 0 : firstAfter(names, after);
      const page = names.slice(from, from + limit);
      const isMore = from + page.length < names.length;
      const next = Buffer.from(page.at(-1) ?? '').toString('base64url');
      return {
        ...{ path, total: names.length, items: page.map((name) => ({ name })) },
        ...(isMore && { nextCursor: signedCursor(sessionKey, next) }),
      };
    },
  });

  api.route({
    method: 'PUT',
    url: '/v1/ensembles/:ensemble/tree/node',
    schema: {
      tags: ['tree'],
      summary: 'set data, if the znode still has the version that was read',
      params: ensembleParams,
      body: z.strictObject({ path: znodePathSchema, data: dataSchema, version: versionSchema }),
      response: { 200: changed, ...problems },
    },
    handler: (request) => {
      const { path, data, version } = request.body;
      return edit(request, 'set data', path, async (session) => ({
        stat: shownStat(await session.set(path, Buffer.from(data, 'base64'), version)),
      }));
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/ensembles/:ensemble/tree/node',
    schema: {
      tags: ['tree'],
      summary: 'create a znode, with the ACL of the one above it',
      params: ensembleParams,
      body: z.strictObject({ path: znodePathSchema, data: dataSchema }),
      response: { 201: changed, ...problems },
    },
    handler: async (request, reply) => {
      const { path, data } = request.body;
      const made = await edit(request, 'create znode', path, async (session) => {
        const acl = await session.getAcl(path.slice(0, path.lastIndexOf('/')) || '/');
        await session.create(path, Buffer.from(data, 'base64'), { acl });
        return { stat: shownStat((await session.exists(path))!) };
      });
      return reply.code(201).send(made);
    },
  });

  api.route({
    method: 'DELETE',
    url: '/v1/ensembles/:ensemble/tree/node',
    schema: {
      tags: ['tree'],
      summary: 'delete a znode without children, if it still has the version that was read',
      params: ensembleParams,
      querystring: z.object({ path: znodePathSchema, version: wholeNumber(versionSchema) }),
      response: { 204: z.null(), ...problems },
    },
    handler: async (request, reply) => {
      const { path, version } = request.query;
      await edit(request, 'delete znode', path, (session) => session.delete(path, version));
      return reply.code(204).send(null);
    },
  });

  type Session = Parameters<Parameters<typeof sessions.within>[1]>[0];
  type Edited = Parameters<typeof audited>[1] & { params: { ensemble: string } };

  const edit = <T>(
    request: Edited,
    action: string,
    path: string,
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    const { ensemble: name } = request.params;
    return audited(audit, request, { action, target: `${name}${path}` }, async () => {
      demand(request.identity, 'admin', name);
      const ensemble = await inventory.resolve(name);
      for (const own of [SYSTEM_ROOT, ensemble.znodeRoot])
        if (path === '/' || path === own || path.startsWith(`${own}/`))
          throw new ZkferryError('Forbidden', `${path} is not for people to change`);
      return sessions.within(ensemble, work);
    });
  };
};

const shownStat = (stat: ZkStat): z.output<typeof statSchema> => {
  const { ctimeMs, mtimeMs, ephemeralOwner, ...rest } = stat;
  return {
    ...rest,
    ctime: new Date(ctimeMs).toISOString(),
    mtime: new Date(mtimeMs).toISOString(),
    ...(ephemeralOwner !== NO_OWNER && { ephemeralOwner }),
  };
};

/** Index of the first name after `name`, in a sorted list. */
function firstAfter(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (names[middle]! <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
