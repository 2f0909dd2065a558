/** The server that stands in while the console is tested answers as the real one may: each by the schema of its route. */
import Fastify, { type RouteOptions } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { ServerDependencies } from '../../../src/api/dependencies';
import { auditRoutes } from '../../../src/api/routes/audit';
import { controlRoutes } from '../../../src/api/routes/controls';
import { diffRoutes } from '../../../src/api/routes/diffs';
import { ensembleRoutes } from '../../../src/api/routes/ensembles';
import { repositoryRoutes } from '../../../src/api/routes/repositories';
import { runRoutes } from '../../../src/api/routes/runs';
import { sessionRoutes } from '../../../src/api/routes/session';
import { strategyRoutes } from '../../../src/api/routes/strategies';
import { treeRoutes } from '../../../src/api/routes/tree';
import { problemSchema } from '../../../src/api/problems';
import { DONE, GATED, plan, UPGRADE } from '../../console/documents';
import { until } from '../../support/until';
import { startStandIn, type StandIn } from '../../console/standIn';

interface Schemas {
  body?: z.ZodType;
  querystring?: z.ZodType;
  response?: Record<number, z.ZodType>;
}

/** By `GET /v1/runs`. */
const routes = new Map<string, Schemas>();
let standIn: StandIn;
let cookie = '';
let csrf = '';

beforeAll(async () => {
  // Routes only say what they take and give here; nothing is ever asked of them.
  const dependencies = { configuration: { maxWatchers: 1 } } as unknown as ServerDependencies;
  const app = Fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRoute', ({ method, url, schema }: RouteOptions) => {
    routes.set(`${String(method)} ${url}`, (schema ?? {}) as Schemas);
  });
  for (const add of [
    ...[sessionRoutes, strategyRoutes, ensembleRoutes, runRoutes, controlRoutes],
    ...[treeRoutes, diffRoutes, repositoryRoutes, auditRoutes],
  ])
    add(app, dependencies);

  standIn = await startStandIn();
  const login = await ask('POST', '/v1/session', { token: 'admin-token' });
  cookie = login.headers.get('set-cookie')!.split(';')[0]!;
  csrf = (JSON.parse(login.text) as { csrf: string }).csrf;
});
afterAll(() => standIn?.close());

async function ask(method: string, path: string, body?: unknown) {
  const response = await fetch(new URL(path, standIn.url), {
    method,
    headers: {
      ...{ cookie, 'x-csrf-token': csrf },
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const node = '/v1/ensembles/:ensemble/tree/node';
const nodeOfOrders = '/v1/ensembles/orders/tree/node';
const diffBody = { source: { ensemble: 'orders' }, target: { ensemble: 'orders', path: '/shop' } };
const order = { strategy: 'upgrade', input: { ensemble: 'orders', target: { version: '3.9.4' } } };
const decision = { planHash: plan.hash, comment: 'fine' };

test.each<[route: string, path: string, body?: unknown]>([
  ['POST /v1/session', '/v1/session', { token: 'viewer-token' }],
  ['GET /v1/me', '/v1/me'],
  ['GET /v1/strategies', '/v1/strategies'],
  ['GET /v1/ensembles', '/v1/ensembles'],
  ['GET /v1/ensembles/:ensemble', '/v1/ensembles/orders'],
  ['GET /v1/ensembles/:ensemble/health', '/v1/ensembles/orders/health'],
  [`GET ${node}`, `${nodeOfOrders}?path=/shop/config`],
  [
    'GET /v1/ensembles/:ensemble/tree/children',
    '/v1/ensembles/orders/tree/children?path=/queue&limit=10',
  ],
  [`POST ${node}`, nodeOfOrders, { path: '/shop/new', data: 'b25l' }],
  [`PUT ${node}`, nodeOfOrders, { path: '/shop/new', data: 'dHdv', version: 0 }],
  [`DELETE ${node}`, `${nodeOfOrders}?path=/shop/new&version=1`],
  ['POST /v1/diffs', '/v1/diffs', diffBody],
  ['GET /v1/repositories', '/v1/repositories'],
  ['GET /v1/repositories/:repository/backups', '/v1/repositories/vault/backups'],
  [
    'GET /v1/repositories/:repository/history',
    '/v1/repositories/vault/history?ensemble=orders&path=/shop/config',
  ],
  ['GET /v1/runs', '/v1/runs?limit=10'],
  ['GET /v1/runs/:workflowId', `/v1/runs/${GATED}`],
  ['GET /v1/runs/:workflowId', `/v1/runs/${DONE}`],
  ['POST /v1/plans', '/v1/plans', order],
  ['POST /v1/runs', '/v1/runs', { ticket: 'CHG-1', ...order }],
  ['POST /v1/runs/:workflowId/pause', `/v1/runs/${UPGRADE}/pause`, { comment: 'wait' }],
  ['POST /v1/runs/:workflowId/tune', `/v1/runs/${UPGRADE}/tune`, { soakMs: 1_000 }],
  [
    'POST /v1/runs/:workflowId/gates/:gate/approve',
    `/v1/runs/${GATED}/gates/beforeLeader/approve`,
    decision,
  ],
  ['GET /v1/audit', '/v1/audit?limit=50'],
])('%s, asked as the console asks it', async (route, path, ...bodies) => {
  const [body] = bodies;
  const { querystring, response, body: bodySchema } = routes.get(route) ?? {};
  expect(response).toBeDefined();
  if (body !== undefined) bodySchema!.parse(body);
  querystring?.parse(Object.fromEntries(new URL(path, standIn.url).searchParams));
  const { status, text } = await ask(route.split(' ')[0]!, path, body);
  const told: unknown = text === '' ? null : JSON.parse(text);
  // What the schema does not know would not be sent either.
  expect(response![status]!.parse(told)).toEqual(told);
});

test('a comparison, while it runs and when it is done', async () => {
  const schema = routes.get('GET /v1/diffs/:id')!.response![200]!;
  const { id } = JSON.parse((await ask('POST', '/v1/diffs', diffBody)).text) as { id: string };
  const states = new Set<string>();
  await until(
    'the comparison to be done',
    async () => {
      const told = JSON.parse((await ask('GET', `/v1/diffs/${id}`)).text) as { state: string };
      expect(schema.parse(told)).toEqual(told);
      states.add(told.state);
      return states.has('done');
    },
    20_000,
  );
  expect([...states]).toEqual(['running', 'done']);
});

test('a refusal says what is wrong at which field', async () => {
  const { status, text } = await ask('POST', '/v1/plans', { ...order, input: { ensemble: 'a' } });
  expect(status).toBe(400);
  const told: unknown = JSON.parse(text);
  expect(problemSchema.parse(told)).toEqual(told);
});
