/** The HTTP API on a real ensemble: a change as a change-management system carries it out, and everything that only looks. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import { startCollector, type Collector } from '../support/collector';
import { until } from '../support/until';
import { ApiInstallation, type Answer, type Caller } from './support';

let collector: Collector;
let installation: ApiInstallation;
let lab: string;
let olga: Caller;
let root: Caller;
/** A request that never comes, which is waited for while others are asked. */
let slow: Promise<number>;

beforeAll(async () => {
  collector = await startCollector();
  installation = await ApiInstallation.create({
    name: 'api',
    server: {
      ...{ requestsPerMinute: 100_000, maxWatchers: 4_000 },
      tracesEndpoint: collector.endpoint,
    },
    people: {
      olga: ['operator:*', 'approver:*'],
      vera: ['viewer:*'],
      root: ['admin:*'],
      otto: ['admin:elsewhere'],
    },
  });
  lab = installation.harness.lab.name;
  olga = installation.as('olga');
  root = installation.as('root');
  slow = neverSends(installation.url);
  // Told by the test that waits for it.
  slow.catch(() => undefined);
}, 120_000);

afterAll(async () => {
  await installation?.destroy();
  collector.close();
}, 60_000);

const detail = ({ body }: Answer): string => String(body.detail);

test('nobody is let in without a token that counts', async () => {
  const ask = (headers: Record<string, string>) =>
    fetch(`${installation.url}/v1/me`, { headers }).then((response) => response.status);
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: 'Basic abc' })).toBe(401);
  expect(await ask({ authorization: `Bearer zkf_000000000000_${'A'.repeat(43)}` })).toBe(401);
  expect(await ask({ authorization: `Bearer ${'x'.repeat(100)}` })).toBe(401);
  expect(await root.get('/v1/me')).toMatchObject({ status: 200, body: { actor: 'root' } });
  for (const path of ['/healthz', '/readyz', '/openapi.json'])
    expect((await fetch(`${installation.url}${path}`)).status).toBe(200);
});

test('the console logs in with a cookie, which changes nothing without its own token', async () => {
  const { token } = installation.people.olga!;
  const json = { 'content-type': 'application/json' };
  const login = await fetch(`${installation.url}/v1/session`, {
    ...{ method: 'POST', headers: json, body: JSON.stringify({ token }) },
  });
  const { csrf } = (await login.json()) as { csrf: string };
  const given = login.headers.get('set-cookie')!;
  expect(given).toMatch(/HttpOnly/);
  expect(given).toMatch(/SameSite=Strict/);
  const cookie = given.split(';')[0]!;
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    fetch(`${installation.url}${path}`, {
      ...{ method, headers: { ...json, cookie, ...headers } },
      ...(method === 'POST' && { body: '{}' }),
    });
  expect(await (await ask('GET', '/v1/me')).json()).toMatchObject({ actor: 'olga', csrf });
  expect((await ask('POST', '/v1/runs/none/pause')).status).toBe(403);
  expect(
    (await ask('POST', '/v1/runs/none/pause', { 'x-csrf-token': 'ü'.repeat(43) })).status,
  ).toBe(403);
  expect((await ask('POST', '/v1/runs/none/pause', { 'x-csrf-token': csrf })).status).toBe(404);
  expect((await ask('GET', '/v1/me', { cookie: `${cookie}x` })).status).toBe(401);
});

test('ensembles, their health and their facts are told', async () => {
  expect(await olga.get('/v1/ensembles')).toMatchObject({
    status: 200,
    body: { items: [{ name: lab, servers: [{}, {}, {}] }] },
  });
  const health = await olga.get(`/v1/ensembles/${lab}/health`);
  expect(health).toMatchObject({ status: 200, body: { quorum: true } });
  expect(health.body.servers).toHaveLength(3);
  expect(health.body.leader).toBeDefined();
  expect(await olga.get(`/v1/ensembles/${lab}`)).toMatchObject({ status: 200 });
  expect(await olga.get('/v1/ensembles/nowhere/health')).toMatchObject({ status: 404 });
});

test('a tree is leafed through, and changed by admins alone, version by version', async () => {
  const node = (path: string) => `/v1/ensembles/${lab}/tree/node?path=${encodeURIComponent(path)}`;
  const edit = `/v1/ensembles/${lab}/tree/node`;
  const data = Buffer.from('one').toString('base64');
  expect(await olga.post(edit, { path: '/a', data })).toMatchObject({ status: 403 });
  expect(await root.post(edit, { path: '/a', data })).toMatchObject({ status: 201 });
  expect(await root.post(edit, { path: '/a', data })).toMatchObject({ status: 409 });
  expect(await root.post(edit, { path: '/zookeeper/x', data })).toMatchObject({ status: 403 });
  for (const name of ['b1', 'b2', 'c']) await root.post(edit, { path: `/a/${name}`, data: '' });
  expect(await olga.get(node('/a'))).toMatchObject({
    status: 200,
    body: { data, truncated: false, stat: { version: 0, numChildren: 3 } },
  });
  const seen = await installation.as('vera').get(node('/a'));
  expect(seen.status).toBe(200);
  expect(seen.body.data).toBeUndefined();

  const page = (query: string) => olga.get(`/v1/ensembles/${lab}/tree/children?path=/a&${query}`);
  const first = await page('limit=2');
  expect(first.body).toMatchObject({ total: 3, items: [{ name: 'b1' }, { name: 'b2' }] });
  const second = await page(`limit=2&cursor=${String(first.body.nextCursor)}`);
  expect(second.body).toEqual({ path: '/a', total: 3, items: [{ name: 'c' }] });
  expect((await page('contains=b')).body).toMatchObject({ total: 2 });

  const put = (version: number) => root.ask('PUT', edit, { path: '/a', data: '', version });
  expect(await put(0)).toMatchObject({ status: 200, body: { stat: { version: 1 } } });
  expect(await put(0)).toMatchObject({ status: 409 });
  expect(await root.ask('DELETE', `${edit}?path=/a&version=1`)).toMatchObject({ status: 409 });
  expect(await root.ask('DELETE', `${edit}?path=/a/c&version=0`)).toMatchObject({ status: 204 });
  expect(await olga.get(node('/a/c'))).toMatchObject({ status: 404 });
  for (const bad of ['a', '/a/', '/a//b', '/a/../b', '/a/\0'])
    expect((await olga.get(node(bad))).status).toBe(400);
});

test('trees are compared', async () => {
  const place = { ensemble: lab, path: '/a' };
  const started = await olga.post('/v1/diffs', {
    source: place,
    target: { ...place, path: '/zookeeper' },
  });
  expect(started.status).toBe(202);
  const done = await until(
    'the comparison',
    async () => {
      const { body } = await olga.get(`/v1/diffs/${String(started.body.id)}`);
      return body.state === 'running' ? undefined : body;
    },
    30_000,
  );
  expect(done).toMatchObject({ state: 'done', equal: false });
});

test('a change: planned, opened by its ticket, followed live, decided; asked again, the same run answers', async () => {
  const older = { ensemble: lab, target: { version: '3.8.1' } };
  const plan = await olga.post('/v1/plans', { strategy: 'upgrade', input: older });
  expect(plan.status).toBe(200);
  const codes = (plan.body.findings as { code: string }[]).map(({ code }) => code);
  expect(codes).toContain('TargetOlder');

  const order = { strategy: 'upgrade', input: { ensemble: lab, target: { version: '3.9.6' } } };
  const planned = await olga.post('/v1/plans', order);
  const ticket = 'CHG-7';
  expect(planned).toMatchObject({ status: 200 });
  const opened = await olga.post('/v1/runs', { ticket, ...order });
  expect(opened.status).toBe(201);
  const events = await followed(ticket, /"gate":"start"/);
  expect(events).toMatch(/^event: status$/m);
  const { body } = await olga.get(`/v1/runs/${ticket}`);
  const { planHash } = (body.status as { gate: { planHash: string } }).gate;
  // Not always that of the plan asked for before: another server may lead by now.
  expect(planHash).toMatch(/^[0-9a-f]{64}$/);
  await holdListed();
  const held = await olga.post('/v1/runs', { ticket: 'CHG-second', ...order });
  expect(held.status).toBe(409);
  expect(held.body).toMatchObject({
    type: 'urn:zkferry:error:EnsembleHeld',
    detail: expect.stringContaining(`is held by ${ticket}`) as string,
  });
  const none = await olga.get('/v1/runs/CHG-second');
  expect(none.status).toBe(404);
  expect(JSON.stringify(none.body)).not.toMatch(/127\.0\.0\.1|namespace/);
  expect(await olga.post('/v1/runs', { ticket, ...order })).toMatchObject({ status: 200 });
  const nothing = await olga.post(`/v1/runs/${ticket}/tune`, {});
  expect(nothing).toMatchObject({ status: 400, body: { type: 'urn:zkferry:error:InvalidInput' } });
  expect(nothing.body.detail).toContain('soakMs');
  const paused = await olga.post(`/v1/runs/${ticket}/pause`);
  expect(paused).toMatchObject({ status: 200, body: { state: 'waiting' } });
  expect(paused.body.headline).toMatch(/^waiting at gate start.*paused by olga: once the gate/);
  const resumed = await olga.post(`/v1/runs/${ticket}/resume`);
  expect(resumed.body.headline).not.toContain('paused');
  const notTheirs = await installation.as('vera').post(`/v1/runs/${ticket}/tune`, {});
  expect(notTheirs.status).toBe(403);
  expect(JSON.stringify(notTheirs.body)).not.toContain('soakMs');
  const rejected = await olga.post(`/v1/runs/${ticket}/gates/start/reject`, { planHash });
  // The answer is of after the decision, not of the moment before it.
  expect(rejected).toMatchObject({ status: 200, body: { state: 'rejected' } });
  await until(
    'its end',
    async () => {
      const { run } = (await olga.get(`/v1/runs/${ticket}`)).body as { run: { outcome?: string } };
      return run.outcome === 'rejected' || undefined;
    },
    30_000,
  );
  expect(await olga.post('/v1/runs', { ticket, ...order })).toMatchObject({
    status: 200,
    body: { created: false, runId: opened.body.runId },
  });
  expect(await olga.post(`/v1/runs/${ticket}/pause`)).toMatchObject({ status: 409 });
  expect(await olga.get('/v1/runs?limit=1')).toMatchObject({
    status: 200,
    body: { items: [{ workflowId: ticket, outcome: 'rejected' }] },
  });
  expect(await installation.as('vera').post('/v1/runs', { ticket: 'X', ...order })).toMatchObject({
    status: 403,
  });
});

test('of changes that are opened in one moment one gets the ensemble, and the others keep their tickets', async () => {
  const tickets = ['CHG-a', 'CHG-b', 'CHG-c'];
  const order = { strategy: 'upgrade', input: { ensemble: lab, target: { version: '3.9.6' } } };
  const answers = await Promise.all(
    tickets.map((ticket) => olga.post('/v1/runs', { ticket, ...order })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  const [winner] = tickets.filter((_, index) => answers[index]!.status === 201);
  for (const [index, ticket] of tickets.entries()) {
    if (ticket === winner) continue;
    expect(answers[index]!.body).toMatchObject({
      type: 'urn:zkferry:error:EnsembleHeld',
      detail: expect.stringContaining(`is held by ${winner}`) as string,
    });
    expect((await olga.get(`/v1/runs/${ticket}`)).status).toBe(404);
  }
  const gate = await until(
    'its gate',
    async () => {
      const { status } = (await olga.get(`/v1/runs/${winner}`)).body;
      return (status as { gate?: { planHash: string } } | undefined)?.gate;
    },
    60_000,
  );
  const { planHash } = gate;
  await olga.post(`/v1/runs/${winner}/gates/start/reject`, { planHash });
}, 120_000);

/** The API looks for holds in Temporal's list, which comes late. */
const holdListed = (): Promise<true> =>
  until(
    'a hold to be listed',
    async () => {
      const { workflow } = installation.harness.client;
      const query = "ExecutionStatus = 'Running'";
      for await (const { workflowId } of workflow.list({ query }))
        if (workflowId.startsWith('zkferry-hold-')) return true;
      return undefined;
    },
    10_000,
  );

/** What live events told until one matched. */
async function followed(ticket: string, wanted: RegExp): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(`${installation.url}/v1/runs/${ticket}/events`, {
    headers: { authorization: `Bearer ${olga.token}` },
    signal: stop.signal,
  });
  let text = '';
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (wanted.test(text)) break;
  }
  stop.abort();
  return text;
}

test('what it asked of Temporal is traced', async () => {
  await collector.untilSent('StartWorkflow:rollingUpgrade', 'zkferry-server');
});

test('metrics are for those who may see every ensemble', async () => {
  const ask = (name: string) =>
    fetch(`${installation.url}/metrics`, {
      headers: { authorization: `Bearer ${installation.people[name]!.token}` },
    });
  expect((await fetch(`${installation.url}/metrics`)).status).toBe(401);
  expect((await ask('otto')).status).toBe(403);
  const answer = await ask('vera');
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text).toMatch(/^zkferry_workers_polling\{task_queue="zkferry"\} 1$/m);
  expect(text).toMatch(/^zkferry_run_last_end_timestamp_seconds\{.*outcome="rejected"\}/m);
});

test.each<[string, unknown, RegExp]>([
  ['an unknown strategy', { ticket: 'T1', strategy: 'fly', input: {} }, /strategy/],
  ['an unknown field', { ticket: 'T1', strategy: 'upgrade', input: {}, extra: 1 }, /extra/],
  ['a ticket that is none', { ticket: 'T 1\r\nx: y', strategy: 'upgrade', input: {} }, /ticket/],
  [
    'an input that does not fit',
    { ticket: 'T1', strategy: 'upgrade', input: { ensemble: 'x' } },
    /target/,
  ],
])('%s is refused by name', async (_what, body, reason) => {
  const answer = await olga.post('/v1/runs', body);
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(detail(answer)).toMatch(reason);
});

test('an ensemble given inline is refused: rights are by name', async () => {
  const servers = [{ name: 'a', id: 1, host: '127.0.0.1', clientPort: 1 }];
  const input = { ensemble: { servers }, target: { version: '3.9.6' } };
  expect(await root.post('/v1/runs', { ticket: 'T2', strategy: 'upgrade', input })).toMatchObject({
    status: 400,
  });
});

test('what is too large or too deep is cut off', async () => {
  const raw = (body: string) =>
    fetch(`${installation.url}/v1/plans`, {
      method: 'POST',
      headers: { authorization: `Bearer ${olga.token}`, 'content-type': 'application/json' },
      body,
    }).then((response) => response.status);
  expect(await raw(JSON.stringify({ input: 'x'.repeat(2 << 20) }))).toBe(413);
  expect(await raw(`{"input":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBe(400);
  expect(await raw('{"__proto__": {"a": 1}}')).toBe(400);
  expect(await raw('{')).toBe(400);
});

test('a thousand watch at once; each hears, one more than allowed is refused, and all are let go', async () => {
  const ticket = 'CHG-watched';
  const input = { ensemble: lab, target: { version: '3.9.6' } };
  await olga.post('/v1/runs', { ticket, strategy: 'upgrade', input });
  await followed(ticket, /"gate":"start"/);
  const { hostname, port } = new URL(installation.url);
  const watch = () =>
    new Promise<() => void>((resolve, reject) => {
      const request = httpRequest(
        {
          ...{ host: hostname, port, path: `/v1/runs/${ticket}/events`, agent: false },
          headers: { authorization: `Bearer ${olga.token}` },
        },
        (response) => {
          response.on('error', () => undefined);
          if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
          response.once('data', () => {
            response.on('data', () => undefined);
            resolve(() => request.destroy());
          });
        },
      );
      request.on('error', reject).end();
    });
  const ends: (() => void)[] = [];
  for (let round = 0; round < 10; round += 1)
    ends.push(...(await Promise.all(Array.from({ length: 100 }, watch))));
  expect(ends).toHaveLength(1_000);
  await expect(watch()).rejects.toThrow('answered 429');
  expect((await olga.get('/healthz')).status).toBe(200);
  for (const end of ends) end();
  // Cancelled, it has a word of its own, which is the same.
  const handle = installation.harness.client.workflow.getHandle(ticket);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  expect((await olga.get(`/v1/runs/${ticket}`)).body).toMatchObject({
    run: { outcome: 'cancelled' },
    status: { state: 'failed', closed: 'cancelled' },
  });
}, 120_000);

test('a hot backup holds its capture only: a change beside it is opened', async () => {
  const input = { ensemble: lab, repository: LAB_REPOSITORY };
  const backup = { strategy: 'backup', input };
  expect(await olga.post('/v1/runs', { ticket: 'BAK-1', ...backup })).toMatchObject({
    status: 201,
  });
  await followed('BAK-1', /"lag"/);
  await holdListed();
  expect(await olga.post('/v1/runs', { ticket: 'BAK-2', ...backup })).toMatchObject({
    status: 409,
    body: { type: 'urn:zkferry:error:EnsembleHeld' },
  });
  expect(await olga.get('/v1/runs/BAK-2')).toMatchObject({ status: 404 });
  const order = { strategy: 'upgrade', input: { ensemble: lab, target: { version: '3.9.6' } } };
  expect(await olga.post('/v1/runs', { ticket: 'CHG-beside', ...order })).toMatchObject({
    status: 201,
  });
  await followed('CHG-beside', /"gate":"start"/);
  const ended = /event: end\ndata: .*/;
  const told = followed('CHG-beside', ended);
  const toldOfBackup = followed('BAK-1', ended);
  const { workflow } = installation.harness.client;
  await workflow.getHandle('CHG-beside').terminate('the test is over');
  await workflow.getHandle('BAK-1').cancel();
  // Neither the stream nor the run itself looks alive after it.
  expect(await told).toContain('"outcome":"terminated"');
  expect(await toldOfBackup).toContain('"outcome":"cancelled"');
  const { body } = await olga.get('/v1/runs/CHG-beside');
  expect(body).toMatchObject({
    run: { outcome: 'terminated' },
    status: { state: 'failed', closed: 'terminated', nextActions: [] },
  });
  expect(body.status).not.toHaveProperty('gate');
}, 120_000);

/** Begins a request and says no more; how long it was let wait. */
async function neverSends(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const began = Date.now();
  const socket = connect(Number(port), hostname, () => socket.write('POST /v1/plans HTTP/1.1\r\n'));
  socket.resume();
  await once(socket, 'close');
  return Date.now() - began;
}

test('what is too slow is cut off', async () => {
  expect(await slow).toBeLessThan(50_000);
}, 60_000);

test('right after the worker has ended each look ends soon, and says why', async () => {
  const ticket = 'CHG-alone';
  const input = { ensemble: lab, target: { version: '3.9.6' } };
  await olga.post('/v1/runs', { ticket, strategy: 'upgrade', input });
  await followed(ticket, /"gate":"start"/);
  expect(await olga.get('/v1/worker')).toMatchObject({ body: { polls: true } });
  await installation.harness.worker.end('SIGKILL');
  for (const path of [`/v1/runs/${ticket}`, '/v1/runs', '/v1/worker']) {
    const began = Date.now();
    const { status, body } = await olga.get(path);
    expect(status).toBe(200);
    expect(Date.now() - began).toBeLessThan(4_500);
    if (path.includes(ticket))
      expect(body).toMatchObject({
        // It has just polled: that it is gone, and not busy, nobody can tell yet.
        statusProblem: 'WorkerSlow',
        statusError: expect.stringContaining('has just ended (then start one') as string,
      });
  }
  await installation.harness.client.workflow.getHandle(ticket).terminate('the test is over');
}, 60_000);
