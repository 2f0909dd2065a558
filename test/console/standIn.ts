/**
 * Stands in for `zkferry server` while the console is looked at: its documents, its refusals, its content security
 * policy, and what it sends while time goes by. Sessions outlive it, as those of the real one do.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  audit,
  backups,
  ensembles,
  facts,
  health,
  history,
  inputSchemas,
  plan,
  runs,
  statusOf,
  strategies,
} from './documents';
import type { Difference } from '../../src/tree/diff/compare';
import { problem } from './problem';
import { addTree } from './standInTree';

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const CSRF = 'csrf-of-the-stand-in';
const TICK_MS = 500;

/** By token. */
const PEOPLE: Record<string, { actor: string; grants: { role: string; ensembles: string[] }[] }> = {
  'admin-token': { actor: 'mira', grants: [{ role: 'admin', ensembles: ['*'] }] },
  'viewer-token': { actor: 'visitor', grants: [{ role: 'viewer', ensembles: ['orders'] }] },
  'approver-token': { actor: 'ada', grants: [{ role: 'approver', ensembles: ['*'] }] },
};

export interface StandIn {
  /** `http://127.0.0.1:PORT/console/`. */
  readonly url: string;
  readonly port: number;
  /** Bodies of requests that change something, in order. */
  readonly received: { method: string; path: string; body: unknown }[];
  /** Event streams that are open. */
  streams(): number;
  /** Nobody answers for runs, for this reason; undefined: somebody does again. */
  away(message: string | undefined): void;
  close(): Promise<void>;
}

/** @param port 0: any */
export async function startStandIn(
  port = 0,
  builtConsole = join(process.cwd(), 'dist', 'console'),
): Promise<StandIn> {
  const app = Fastify({ forceCloseConnections: true });
  const received: StandIn['received'] = [];
  const beganMs = Date.now();
  const tick = () => Math.floor((Date.now() - beganMs) / TICK_MS);

  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  });
  app.addHook('preHandler', async (request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (!path.startsWith('/v1/') || (path === '/v1/session' && request.method === 'POST')) return;
    if (path === '/v1/session/providers') return;
    if (personOf(request) === undefined)
      return problem(reply, 401, 'Not signed in', { detail: 'log in with an API token' });
    if (request.method !== 'GET') {
      if (request.headers['x-csrf-token'] !== CSRF)
        return problem(reply, 403, 'The CSRF token is missing or wrong');
      received.push({ method: request.method, path, body: request.body });
    }
  });

  addFiles(app, builtConsole);
  addSession(app);
  const live = addRuns(app, tick);
  addTree(
    app,
    (request) => personOf(request)?.grants.some(({ role }) => role !== 'viewer') ?? false,
  );
  addRest(app, tick);

  await app.listen({ host: '127.0.0.1', port });
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}/console/`,
    port: bound,
    received,
    streams: () => live.streams.size,
    away: (message) => (live.away = message),
    close: () => app.close(),
  };
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

function addFiles(app: FastifyInstance, root: string): void {
  const send = (reply: FastifyReply, file: string) =>
    reply.type(TYPES[extname(file)] ?? 'text/plain').send(readFileSync(join(root, file)));
  app.get('/console/', (_request, reply) => send(reply, 'index.html'));
  app.get<{ Params: { name: string } }>('/console/assets/:name', ({ params: { name } }, reply) =>
    send(reply, join('assets', name)),
  );
}

const personOf = ({ headers: { cookie = '' } }: FastifyRequest) =>
  PEOPLE[/(?:^|; )session=([a-z-]+)/.exec(cookie)?.[1] ?? ''];

function addSession(app: FastifyInstance): void {
  app.post<{ Body: { token: string } }>('/v1/session', (request, reply) => {
    const person = PEOPLE[request.body.token];
    if (person === undefined)
      return problem(reply, 401, 'The token is not known', { detail: 'ask for a new one' });
    return reply
      .header('set-cookie', `session=${request.body.token}; Path=/; HttpOnly; SameSite=Strict`)
      .send({ actor: person.actor, csrf: CSRF, expiresAt: '2030-01-01T00:00:00.000Z' });
  });
  app.get('/v1/session/providers', () => ({ items: [{ name: 'login.example.org' }] }));
  app.delete('/v1/session', (_request, reply) =>
    reply.header('set-cookie', 'session=; Path=/; Max-Age=0').code(204).send(),
  );
  app.get('/v1/me', (request) => ({
    ...personOf(request),
    csrf: CSRF,
    approvals: 'signed',
    version: '0.1.0',
  }));
}

function pageOf<T>(
  items: readonly T[],
  { limit = '50', cursor = '0' }: { limit?: string; cursor?: string },
) {
  const from = Number(cursor);
  const to = from + Number(limit);
  return { items: items.slice(from, to), ...(to < items.length ? { nextCursor: String(to) } : {}) };
}

type PageQuery = { limit?: string; cursor?: string; ensemble?: string; strategy?: string };

interface Live {
  readonly streams: Set<unknown>;
  away: string | undefined;
}

function addRuns(app: FastifyInstance, tick: () => number): Live {
  const live: Live = { streams: new Set(), away: undefined };
  const { streams } = live;
  app.get<{ Querystring: PageQuery }>('/v1/runs', ({ query }) =>
    pageOf(
      runs.filter(
        (run) =>
          (query.ensemble === undefined || run.ensemble === query.ensemble) &&
          (query.strategy === undefined || run.strategy === query.strategy),
      ),
      query,
    ),
  );
  app.get<{ Params: { id: string } }>('/v1/runs/:id', ({ params: { id } }, reply) => {
    const run = runs.find(({ workflowId }) => workflowId === id);
    if (run === undefined) return problem(reply, 404, `no run has the id ${id}`);
    return { run, status: statusOf(id, tick()) };
  });
  app.get<{ Params: { id: string } }>('/v1/runs/:id/events', ({ params: { id }, raw }, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (event: string, data: unknown) =>
      reply.raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const tell = () =>
      live.away === undefined
        ? send('status', statusOf(id, tick()))
        : send('away', { message: live.away });
    tell();
    if (id.includes('metrics')) {
      send('end', { outcome: 'completed' });
      reply.raw.end();
      return;
    }
    const timer = setInterval(tell, TICK_MS);
    streams.add(raw);
    raw.on('close', () => {
      streams.delete(raw);
      clearInterval(timer);
    });
  });
  app.post<{ Params: { id: string } }>('/v1/runs/:id/*', ({ params: { id } }) =>
    statusOf(id, tick()),
  );
  app.post<{ Body: { ticket: string; strategy: string; input: unknown } }>(
    '/v1/runs',
    ({ body }, reply) => {
      const refused = refusalOf(body);
      if (refused) return problem(reply, 400, 'The input does not fit', { errors: refused });
      return reply.code(201).send({ workflowId: runs[2]?.workflowId, runId: 'r', created: true });
    },
  );
  app.post<{ Body: { strategy: string; input: unknown } }>('/v1/plans', ({ body }, reply) => {
    const refused = refusalOf(body);
    return refused ? problem(reply, 400, 'The input does not fit', { errors: refused }) : plan;
  });
  return live;
}

function refusalOf({ strategy, input }: { strategy: string; input: unknown }) {
  const result = (inputSchemas[strategy] ?? z.never()).safeParse(input);
  return result.success
    ? undefined
    : result.error.issues.map(({ path, message }) => ({ path: path.map(String), message }));
}

function addRest(app: FastifyInstance, tick: () => number): void {
  app.get('/v1/strategies', () => ({ items: strategies }));
  app.get('/v1/worker', () => ({ polls: true, taskQueue: 'zkferry' }));
  app.get('/v1/ensembles', () => ({ items: ensembles }));
  app.get<{ Params: { name: string } }>('/v1/ensembles/:name', () => facts);
  app.get<{ Params: { name: string } }>('/v1/ensembles/:name/health', ({ params: { name } }) =>
    health(name, tick()),
  );
  app.get('/v1/repositories', () => ({ items: [{ name: 'vault' }, { name: 'offsite' }] }));
  app.get('/v1/repositories/:name/backups', () => backups);
  app.get<{ Querystring: { path: string } }>(
    '/v1/repositories/:name/history',
    ({ query: { path } }) => ({ path, ...history }),
  );
  app.get<{ Querystring: PageQuery }>('/v1/audit', ({ query }) => pageOf(audit, query));

  const diffs = new Map<string, number>();
  app.post('/v1/diffs', (_request, reply) => {
    const id = randomUUID();
    diffs.set(id, Date.now());
    return reply.code(202).send({ id });
  });
  app.get<{ Params: { id: string } }>('/v1/diffs/:id', ({ params: { id } }) => {
    const ms = Date.now() - (diffs.get(id) ?? 0);
    if (ms < 1_500) return { id, state: 'running', progress: { done: ms * 30 }, differences: [] };
    return {
      ...{ id, state: 'done', progress: { done: 48_211 }, equal: false },
      ...{ count: 1_204, truncated: true, differences },
    };
  });
}

const stock = (count: number): string => {
  const data = Buffer.from(`{"stock":${count}}`);
  return `${data.length} bytes ${data.toString('base64')}`;
};

const differences: Difference[] = [
  {
    ...{ path: '/shop/config', kind: 'different', fields: ['data', 'acl'] },
    source: { data: stock(41), acl: '["world:anyone:r"]' },
    target: { data: stock(42), acl: '["world:anyone:rwcda"]' },
  },
  { path: '/shop/<b>bold</b>', kind: 'onlyInSource' },
  ...Array.from({ length: 40 }, (_, index): Difference => ({
    ...{ path: `/shop/orders/o-${index}`, kind: 'different', fields: ['nextSequence'] },
    ...{ source: { nextSequence: String(index) }, target: { nextSequence: String(index + 1) } },
  })),
];
