/** What people with few rights try on what is not theirs: ensembles, runs, backups, and workflows that are no runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { writeTokens } from '../../src/adapters/identity/tokens';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { tokensFile } from '../../src/api/configuration';
import { TASK_QUEUE } from '../../src/model/contract';
import { until } from '../support/until';
import { ApiInstallation, type Answer, type Caller } from './support';

const TICKET = 'CHG-of-olga';
/** Of the other team: nothing runs there, and nothing is to be asked of it. */
const OTHER = 'billing';
const DIGEST = 'bob:xMEKvAKTkiqbPsqpJ6PqkHHHHHH=';

let installation: ApiInstallation;
let lab: string;
let olga: Caller;
let otto: Caller;
let vera: Caller;
let root: Caller;

beforeAll(async () => {
  installation = await ApiInstallation.create({
    ...{ name: 'others', server: { requestsPerMinute: 100_000 } },
    people: {
      olga: ['operator:others', 'approver:others'],
      otto: ['operator:billing', 'approver:billing', 'admin:billing'],
      vera: ['viewer:others'],
      nadja: ['viewer:nowhere'],
      root: ['admin:*'],
    },
  });
  lab = installation.harness.lab.name;
  expect(lab).toBe('others');
  const { inventoryPath } = installation.harness.lab;
  const inventory = parse(readFileSync(inventoryPath, 'utf8')) as { ensembles: object };
  const servers = [{ name: 'b1', id: 1, host: '127.0.0.1', clientPort: 1 }];
  Object.assign(inventory.ensembles, { [OTHER]: { servers } });
  writeFileSync(inventoryPath, stringify(inventory), { mode: 0o600 });
  [olga, otto, vera, root] = ['olga', 'otto', 'vera', 'root'].map((who) =>
    installation.as(who),
  ) as [Caller, Caller, Caller, Caller];
  const session = await createZooKeeperAdapter().openSession({
    ...{ servers: [...installation.harness.lab.servers], auth: [] },
    ...{ connectTimeoutMs: 20_000, operationTimeoutMs: 10_000 },
  });
  await session.create('/secret', Buffer.from('its data'), {
    acl: [
      { perms: 31, scheme: 'world', id: 'anyone' },
      { perms: 31, scheme: 'digest', id: DIGEST },
    ],
  });
  await session.close();
  const input = { ensemble: lab, target: { version: '3.9.6' } };
  const started = await olga.post('/v1/runs', { ticket: TICKET, strategy: 'upgrade', input });
  expect(started).toMatchObject({ status: 201 });
  await until(
    'gate start',
    async () => {
      const { body } = await olga.get(`/v1/runs/${TICKET}`);
      return (body.status as { gate?: object } | undefined)?.gate;
    },
    60_000,
  );
}, 150_000);

afterAll(() => installation?.destroy(), 60_000);

const CONTROLS = ['pause', 'resume', 'rollback', 'stop', 'tune'];
const steer = (who: Caller, id: string): Promise<Answer>[] => [
  ...CONTROLS.map((control) => who.post(`/v1/runs/${id}/${control}`, {})),
  ...['approve', 'reject'].map((decision) =>
    who.post(`/v1/runs/${id}/gates/start/${decision}`, { planHash: '0123456789ab' }),
  ),
];
const statuses = async (answers: Promise<Answer>[]): Promise<Set<number>> =>
  new Set((await Promise.all(answers)).map(({ status }) => status));

test('of an ensemble that is not theirs people are told nothing', async () => {
  const paths = [
    `/v1/ensembles/${lab}`,
    `/v1/ensembles/${lab}/health`,
    `/v1/ensembles/${lab}/tree/node?path=/`,
    `/v1/ensembles/${lab}/tree/children?path=/`,
    `/v1/repositories/backups/history?ensemble=${lab}&path=/secret`,
    `/v1/runs?ensemble=${lab}`,
    '/v1/audit',
  ];
  for (const who of [otto, installation.as('nadja')])
    expect(await statuses(paths.map((path) => who.get(path)))).toEqual(new Set([403]));
  // Not even which tickets there are.
  for (const more of ['', '/events']) {
    const [theirs, none] = await Promise.all(
      [TICKET, 'CHG-none'].map((ticket) => otto.get(`/v1/runs/${ticket}${more}`)),
    );
    const detail = (none!.body.detail as string).replace('CHG-none', TICKET);
    expect(theirs).toMatchObject({
      status: 404,
      body: { type: none!.body.type as string, detail },
    });
  }
  expect((await otto.get('/v1/ensembles')).body).toMatchObject({ items: [{ name: OTHER }] });
  expect((await installation.as('nadja').get('/v1/ensembles')).body).toEqual({ items: [] });
  expect((await otto.get('/v1/runs')).body).toEqual({ items: [] });
});

test('a name that is granted but is nowhere tells of no other names', async () => {
  const { status, body } = await installation.as('nadja').get('/v1/ensembles/nowhere');
  expect(status).toBe(404);
  expect(JSON.stringify(body)).not.toMatch(new RegExp(`${lab}"|${OTHER}|inventory\\.yaml`));
});

test.each<[string, string, (lab: string) => object]>([
  ['upgrade it', 'upgrade', (ensemble) => ({ ensemble, target: { version: '3.9.6' } })],
  ['resize it', 'resize', (ensemble) => ({ ensemble, remove: ['zk1'] })],
  ['migrate into it', 'migrate', (target) => ({ source: OTHER, target, mode: 'logical' })],
  ['migrate out of it', 'migrate', (source) => ({ source, target: OTHER, mode: 'logical' })],
  [
    'migrate out of it by another field',
    'migrate',
    (source) => ({ source, ensemble: OTHER, target: OTHER, mode: 'logical' }),
  ],
  ['back it up', 'backup', (ensemble) => ({ ensemble, repository: 'backups' })],
  ['restore it', 'restore', (ensemble) => ({ repository: 'backups', to: { ensemble } })],
  [
    'restore it by another field',
    'restore',
    (ensemble) => ({ repository: 'backups', ensemble: OTHER, to: { ensemble } }),
  ],
  [
    'have its backup restored into one’s own',
    'restore',
    (from) => ({ repository: 'backups', from, to: { ensemble: OTHER }, acceptForeign: true }),
  ],
  ['hold a drill on it', 'verify', (ensemble) => ({ ensemble, repository: 'backups' })],
])('nobody of another ensemble may %s, nor see the plan', async (_what, strategy, input) => {
  const order = { strategy, input: input(lab) };
  const answers = [
    await otto.post('/v1/runs', { ticket: `CHG-${strategy}`, ...order }),
    await otto.post('/v1/plans', order),
  ];
  for (const { status, body } of answers) {
    // Where one names two ensembles as if they were one, that is what is wrong with it.
    const isBad = 'ensemble' in order.input && order.input.ensemble === OTHER;
    expect([isBad ? 400 : 403, body.type]).toEqual([status, expect.anything()]);
  }
});

test('two trees are compared by whoever operates both, and seen by nobody else', async () => {
  const place = (ensemble: string) => ({ ensemble, path: '/' });
  for (const [source, target] of [
    [lab, OTHER],
    [OTHER, lab],
    [lab, lab],
  ])
    expect(
      await otto.post('/v1/diffs', { source: place(source!), target: place(target!) }),
    ).toMatchObject({ status: 403 });
  const both = { source: place(lab), target: { ensemble: lab, path: '/zookeeper' } };
  expect(await vera.post('/v1/diffs', both)).toMatchObject({ status: 403 });
  const started = await olga.post('/v1/diffs', both);
  expect(started.status).toBe(202);
  const path = `/v1/diffs/${String(started.body.id)}`;
  expect(await statuses([otto.get(path), vera.get(path)])).toEqual(new Set([403]));
  await until('its end', async () => (await olga.get(path)).body.state !== 'running', 30_000);
});

test('viewers look: no data, no hashes of passwords, no change', async () => {
  const node = `/v1/ensembles/${lab}/tree/node`;
  const [seen, operated, administered] = await Promise.all(
    [vera, olga, root].map((who) => who.get(`${node}?path=/secret`)),
  );
  expect(seen!.body.data).toBeUndefined();
  expect(operated!.body.data).toBe(Buffer.from('its data').toString('base64'));
  for (const { body } of [seen!, operated!]) {
    expect(JSON.stringify(body)).not.toContain(DIGEST.slice(4));
    expect(JSON.stringify(body)).toContain('bob:x');
  }
  expect(JSON.stringify(administered!.body)).toContain(DIGEST);
  const edits = (who: Caller) => [
    who.ask('PUT', node, { path: '/secret', data: '', version: 0 }),
    who.post(node, { path: '/more', data: '' }),
    who.ask('DELETE', `${node}?path=/secret&version=0`),
  ];
  expect(await statuses([...edits(vera), ...edits(olga), ...edits(otto)])).toEqual(new Set([403]));
  expect(await statuses(steer(vera, TICKET))).toEqual(new Set([403]));
});

test('a run is steered by nobody of another ensemble', async () => {
  expect(await statuses(steer(otto, TICKET))).toEqual(new Set([404]));
  const { body } = await olga.get(`/v1/runs/${TICKET}`);
  expect(body.status).toMatchObject({ state: 'waiting', gate: { gate: 'start' } });
});

test('workflows that runs start themselves, and those of others in the namespace, are no runs', async () => {
  const { client } = installation.harness;
  await client.workflow.start('payroll', {
    ...{ taskQueue: 'payroll', workflowId: 'payroll-1', args: [{}] },
    memo: { ensemble: OTHER },
  });
  const ids: string[] = ['payroll-1'];
  await until(
    'the hold and a plan to be listed',
    async () => {
      for await (const { workflowId } of client.workflow.list())
        if (/^zkferry-(hold|plan)-/.test(workflowId) && !ids.includes(workflowId))
          ids.push(workflowId);
      return ids.some((id) => id.startsWith('zkferry-hold-')) || undefined;
    },
    30_000,
  );
  for (const id of ids)
    expect(
      await statuses([
        ...steer(root, id),
        root.get(`/v1/runs/${id}`),
        root.get(`/v1/runs/${id}/events`),
      ]),
    ).toEqual(new Set([404]));
  const { pendingChildren } = await client.workflow
    .getHandle(TICKET)
    .describe()
    .then(({ raw }) => ({ pendingChildren: raw.pendingChildren ?? [] }));
  expect(pendingChildren).toHaveLength(1);
  const input = { ensemble: OTHER, target: { version: '3.9.6' } };
  for (const ticket of ids.filter((id) => id.startsWith('zkferry-')))
    expect(await otto.post('/v1/runs', { ticket, strategy: 'upgrade', input })).toMatchObject({
      status: 400,
    });
  const taken = await otto.post('/v1/runs', { ticket: TICKET, strategy: 'upgrade', input });
  expect(taken.status).toBe(409);
  expect(JSON.stringify(taken.body)).not.toContain(lab);
});

test('a migration takes rights on both sides', async () => {
  const workflowId = 'CHG-both';
  await installation.harness.client.workflow.start('migrateDataCenter', {
    ...{ taskQueue: TASK_QUEUE, workflowId },
    args: [{ source: lab, target: OTHER, mode: 'stretch' }],
  });
  for (const who of [olga, otto])
    expect(
      await statuses([
        who.get(`/v1/runs/${workflowId}`),
        who.get(`/v1/runs/${workflowId}/events`),
        ...steer(who, workflowId),
      ]),
    ).toEqual(new Set([403]));
  expect(await root.get(`/v1/runs/${workflowId}`)).toMatchObject({ status: 200 });
});

test('whoever watches a run sees no more of it once their token is taken out', async () => {
  const file = tokensFile(installation.configuration);
  const records = Object.values(installation.people).map(({ record }) => record);
  const response = await fetch(`${installation.url}/v1/runs/${TICKET}/events`, {
    headers: { authorization: `Bearer ${vera.token}` },
  });
  expect(response.status).toBe(200);
  const all = response.text();
  await writeTokens(
    file,
    records.filter(({ name }) => name !== 'vera'),
  );
  const began = Date.now();
  expect(await all).toMatch(/event: end\n.*the token was revoked/);
  expect(Date.now() - began).toBeLessThan(15_000);
  await writeTokens(file, records);
}, 30_000);
