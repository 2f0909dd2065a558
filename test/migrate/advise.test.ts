/** Advice on moving a running ensemble that Kafka uses to a target that never ran: told from what is there, by reading only. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { lookForSoftware, type Reader } from '../../activities/migrate/lookForSoftware';
import { migrationPlanActivities } from '../../activities/migrate/planMigration';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Inventory } from '../../src/model/inventory';
import {
  migrateDataCenterInputSchema,
  type MigrateDataCenterRequest,
} from '../../src/model/migrationInputs';
import type { ModeAdvice } from '../../src/model/migrationAdvice';
import type { Plan } from '../../src/model/plan';
import type { ZkSession, ZkStat } from '../../src/model/ports';
import { planHash } from '../../src/planning/planHash';
import { renderPlanMarkdown, renderPlanText } from '../../src/planning/renderPlan';
import { MovedLabs } from '../support/movedLabs';
import { addressesOf } from '../zookeeper/support';

jest.setTimeout(240_000);

const NOTHING = Buffer.alloc(0);
const OPEN = { perms: 31, scheme: 'world', id: 'anyone' };
const OF_ADDRESS = { perms: 31, scheme: 'ip', id: '127.0.0.0/8' };
const LOCK = '/app/lock/_c_0f8fad5b-d9cb-469f-a165-70867728950e-lock-';

let labs: MovedLabs;
let session: ZkSession;

beforeAll(async () => {
  labs = await MovedLabs.create('advise', '3.8.6', '3.9.6');
  nameRepository();
  session = await labs.dependencies.zookeeper.openSession({
    servers: addressesOf(labs.source),
    connectTimeoutMs: 60_000,
  });
  for (const path of ['/brokers', '/brokers/ids', '/brokers/topics', '/cluster', '/cluster/id'])
    await session.create(path, NOTHING);
  for (const path of ['/solr', '/solr/live_nodes', '/app', '/app/lock'])
    await session.create(path, NOTHING);
  await session.create('/app/owned', NOTHING, { acl: [OF_ADDRESS] });
  await session.create('/app/shared', NOTHING, { acl: [OPEN, OF_ADDRESS] });
  await session.create('/controller', NOTHING, { ephemeral: true });
  await session.create(LOCK, NOTHING, { ephemeral: true, sequential: true });
});

/** As an operator would who backs the source up already. */
function nameRepository(): void {
  const path = join(labs.directory, 'inventory', 'source.yaml');
  const inventory = parse(readFileSync(path, 'utf8')) as Inventory;
  inventory.ensembles[labs.source.name]!.repository = labs.names.repository;
  writeFileSync(path, stringify(inventory), { mode: 0o600 });
}

afterAll(async () => {
  await session?.close();
  await labs?.destroy();
});

async function planOf(request: Partial<MigrateDataCenterRequest>): Promise<Plan> {
  const { source, target } = labs.names;
  const input = migrateDataCenterInputSchema.parse({ source, target, ...request });
  const { planMigration } = migrationPlanActivities(labs.dependencies);
  return (await labs.run(planMigration, { ensemble: source, input })).plan;
}

/** Every znode's stat, /zookeeper left out: any write at all would show. */
async function statsBelow(path: string, stats: Record<string, ZkStat | null> = {}) {
  stats[path] = await session.exists(path);
  for (const name of await session.children(path))
    if (name !== 'zookeeper') await statsBelow(`${path === '/' ? '' : path}/${name}`, stats);
  return stats;
}

const adviceFor = ({ advice }: Plan, mode: ModeAdvice['mode']): ModeAdvice =>
  advice!.modes.find((one) => one.mode === mode)!;

test('a logical copy is advised against, a physical move recommended, and what people must do is listed', async () => {
  const before = await statsBelow('/');
  const plan = await planOf({ mode: 'logical' });
  expect(await statsBelow('/')).toEqual(before);

  const { modes, manual, users, unknown } = plan.advice!;
  expect(modes.map(({ mode, possible, recommended }) => [mode, possible, recommended])).toEqual([
    ['physical', true, true],
    ['stretch', false, false],
    ['logical', false, false],
  ]);
  expect(adviceFor(plan, 'physical')).toMatchObject({ loses: [], needs: [] });
  expect(adviceFor(plan, 'physical').expectedOutageMs).toBeGreaterThanOrEqual(5_000);
  expect(adviceFor(plan, 'logical').reasons.join()).toContain('no server of advise-new serves');
  expect(adviceFor(plan, 'logical').reasons.join()).toContain('czxid');
  expect(adviceFor(plan, 'logical').loses).toContain('2 ephemerals');
  // Servers of labs have the same names: they cannot be members of one ensemble.
  expect(adviceFor(plan, 'stretch').reasons.join()).toContain('server zk1');

  expect(users.map(({ software, root }) => [software, root])).toEqual([
    ['Kafka', '/'],
    ['Solr', '/solr'],
    ['Curator recipes', '/'],
  ]);
  expect(users[0]?.paths).toEqual(['/brokers/ids', '/controller', '/cluster/id']);
  expect(users[2]?.paths).toEqual(['/app/lock']);
  expect(manual).toHaveLength(1);
  expect(manual[0]?.what).toBe('ACLs of ip:127.0.0.0/8');
  expect(manual[0]?.where.split(', ').sort()).toEqual(['/app/owned', '/app/shared']);
  expect(unknown).toEqual([]);

  const better = plan.findings.find(({ code }) => code === 'BetterMode');
  expect(better).toMatchObject({ severity: 'info' });
  expect(better?.message).toContain('mode physical is possible too');
});

test('beside a plan of the recommended mode nothing is found against it, and its hash is that of the plan alone', async () => {
  const plan = await planOf({ mode: 'physical', repository: labs.names.repository });
  expect(plan.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(plan.findings.map(({ code }) => code)).not.toContain('BetterMode');
  expect(adviceFor(plan, 'physical').expectedOutageMs).toBe(plan.expectation.longestWriteGapMs);
  expect(planHash({ ...plan, advice: undefined })).toBe(plan.hash);
  for (const text of [renderPlanText(plan), renderPlanMarkdown(plan)]) {
    expect(text).toContain('recommended');
    expect(text).toContain('ACLs of ip:127.0.0.0/8');
  }
});

test('what the new side has set otherwise is named, with both values', async () => {
  for (const { directory } of labs.target.servers)
    appendFileSync(join(hostPaths(directory).config, 'zoo.cfg'), '\nsnapCount=5000\n');
  const { advice } = await planOf({ mode: 'physical', repository: labs.names.repository });
  expect(advice!.manual.filter(({ what }) => what.includes('on the old side'))).toEqual([
    expect.objectContaining({
      what: 'snapCount: not set on the old side, 5000 on the new',
      where: `zoo.cfg of ${labs.target.name}`,
    }),
  ]);
});

test('the look for software is bounded: it lists no node of very many children, and ends after 200 requests', async () => {
  await session.create('/many', NOTHING);
  const children = Array.from({ length: 1_001 }, (_, index) => `/many/${index}`);
  await Promise.all(children.map((path) => session.create(path, NOTHING)));
  const listed: string[] = [];
  let asked = 0;
  const counted = <T>(request: Promise<T>): Promise<T> => {
    asked += 1;
    return request;
  };
  const watched: Reader = {
    exists: (path) => counted(session.exists(path)),
    getAcl: (path) => counted(session.getAcl(path)),
    children: (path) => {
      listed.push(path);
      return counted(session.children(path));
    },
  };
  const { signal } = new AbortController();
  const few = await lookForSoftware(watched, signal);
  expect(few.incomplete).toBeUndefined();
  expect(few.paths).toContain('/brokers/ids');
  expect(few.requests).toBe(asked);
  expect(listed).toContain('/app/lock');
  expect(listed).not.toContain('/many');

  for (let index = 0; index < 150; index += 1) await session.create(`/z${index}`, NOTHING);
  asked = 0;
  const some = await lookForSoftware(watched, signal);
  expect(some.incomplete).toContain('200 requests');
  expect(some.paths).toContain('/brokers/ids');
  expect(asked).toBe(200);
});
