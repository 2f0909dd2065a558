/** A tree with a znode of 100,000 children, kept in memory, that can be written to. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problem } from './problem';

export const MANY = 100_000;

interface Node {
  data: Buffer;
  version: number;
}

const nodes = new Map<string, Node>();
const put = (path: string, data: string | Buffer) =>
  nodes.set(path, { data: Buffer.from(data), version: 0 });

put('/', '');
put('/shop', '');
put('/shop/config', '{"stock":41,"currency":"EUR","note":"<img src=x onerror=alert(1)>"}');
put('/shop/blob', Buffer.from(Array.from({ length: 300 }, (_, index) => index & 0xff)));
put('/shop/locks', '');
put('/zookeeper', '');
put('/zookeeper/quota', '');
put('/queue', 'many children');

const nameOf = (index: number): string => `item-${String(index).padStart(10, '0')}`;
const many = Array.from({ length: MANY }, (_, index) => nameOf(index));

function childrenOf(path: string): string[] {
  if (path === '/queue') return many;
  const prefix = path === '/' ? '/' : `${path}/`;
  return [...nodes.keys()]
    .filter(
      (one) => one !== '/' && one.startsWith(prefix) && !one.slice(prefix.length).includes('/'),
    )
    .map((one) => one.slice(prefix.length))
    .sort();
}

const find = (path: string): Node | undefined =>
  nodes.get(path) ??
  (path.startsWith('/queue/item-') ? { data: Buffer.from(path), version: 0 } : undefined);

const statOf = (path: string, { data, version }: Node) => ({
  czxid: '0x1f00000040',
  mzxid: '0x1f00002a1f',
  pzxid: '0x1f00000040',
  ctime: '2026-11-01T10:00:00.000Z',
  mtime: '2026-11-27T22:10:00.000Z',
  version,
  cversion: 4,
  aversion: 0,
  dataLength: data.length,
  numChildren: childrenOf(path).length,
});

type Place = { path: string };

/** @param mayRead who sees data */
export function addTree(app: FastifyInstance, mayRead: (request: FastifyRequest) => boolean): void {
  const url = '/v1/ensembles/:name/tree/node';
  app.get<{ Querystring: Place }>(url, (request, reply) => {
    const { path } = request.query;
    const node = find(path);
    if (node === undefined) return problem(reply, 404, `${path} does not exist`);
    return {
      path,
      stat: statOf(path, node),
      acl: [{ perms: 'cdrwa', scheme: 'world', id: 'anyone' }],
      ...(mayRead(request) && { data: node.data.toString('base64') }),
      truncated: false,
    };
  });
  app.get<{ Querystring: Place & { limit: string; cursor?: string; contains?: string } }>(
    '/v1/ensembles/:name/tree/children',
    ({ query: { path, limit, cursor = '0', contains = '' } }) => {
      const names = childrenOf(path).filter((name) => name.includes(contains));
      const to = Number(cursor) + Number(limit);
      return {
        path,
        total: names.length,
        items: names.slice(Number(cursor), to).map((name) => ({ name })),
        ...(to < names.length ? { nextCursor: String(to) } : {}),
      };
    },
  );
  app.put<{ Body: Place & { data: string; version: number } }>(url, ({ body }, reply) => {
    const node = nodes.get(body.path);
    if (node === undefined) return problem(reply, 404, `${body.path} does not exist`);
    if (node.version !== body.version)
      return problem(reply, 409, 'The znode was changed meanwhile', {
        detail: `version ${body.version} was read, it has version ${node.version} now`,
      });
    node.data = Buffer.from(body.data, 'base64');
    node.version += 1;
    return { stat: statOf(body.path, node) };
  });
  app.post<{ Body: Place & { data: string } }>(url, ({ body }, reply) => {
    if (nodes.has(body.path)) return problem(reply, 409, `${body.path} exists already`);
    put(body.path, Buffer.from(body.data, 'base64'));
    return reply.code(201).send({ stat: statOf(body.path, nodes.get(body.path)!) });
  });
  app.delete<{ Querystring: Place & { version: string } }>(url, ({ query }, reply) => {
    const { path, version } = query;
    if (childrenOf(path).length > 0) return problem(reply, 409, `${path} has children`);
    if (nodes.get(path)?.version !== Number(version))
      return problem(reply, 409, 'The znode was changed meanwhile');
    nodes.delete(path);
    return reply.code(204).send();
  });
}

/** As another client would. */
export function changeBehind(path: string): void {
  const node = nodes.get(path);
  if (node) node.version += 1;
}
