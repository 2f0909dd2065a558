/** What `zkferry inspect` and the planner know of a tree, on real servers: types, sessions, and when it is unknown. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { planActivities } from '../../activities/plan';
import { createHostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { createTreeAdapter } from '../../src/adapters/source/lookAtTree';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { encodeWrite, type WriteOp } from '../../src/codec/clientRequests';
import type { Lab } from '../../src/lab/lab';
import { hostPaths } from '../../src/lab/hostFiles';
import type { EnsembleFacts, TreeFacts } from '../../src/model/facts';
import { RawClient } from '../support/rawClient';
import { ran } from '../unit/cli/testIo';
import { codesOf, upgradeTo } from '../unit/planning/ensembles';
import { addressesOf, quietContext, startLab } from './support';

const ACL = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const LAB_MS = 120_000;
type Single = Exclude<WriteOp, { kind: 'check' }>;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-known-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function inspect(lab: Lab, ...options: string[]): Promise<string> {
  const env = {
    ...process.env,
    ZKFERRY_INVENTORY: lab.inventoryPath,
    ZKFERRY_SECRET_FILE: join(directory, 'secret'),
    ZKFERRY_STATE: directory,
  };
  const { code, out, err } = await ran(['inspect', lab.name, ...options], { env });
  expect([code, err]).toEqual([0, expect.any(String)]);
  return out;
}

const factsOf = async (lab: Lab): Promise<EnsembleFacts> =>
  JSON.parse((await inspect(lab, '--json')).trimEnd().split('\n').at(-1)!) as EnsembleFacts;

/** A container, two nodes with a time to live, an ephemeral and a large node, by a session of 8 s. */
async function fill(lab: Lab): Promise<RawClient> {
  const client = await RawClient.open(lab.members[1]!, 8_000);
  const write = (op: Single) => client.ask(op.path, (xid) => encodeWrite(xid, op));
  const node = (path: string, bytes = 0) => ({ path, data: Buffer.alloc(bytes), acl: ACL });
  await write({ kind: 'create', ...node('/large', 50_000) });
  await write({ kind: 'create', ...node('/lease'), flags: 1 });
  await write({ kind: 'createContainer', ...node('/container') });
  await write({ kind: 'create', ...node('/container/child') });
  await write({ kind: 'createTtl', ...node('/ttl1'), ttlMs: 3_600_000 });
  await write({ kind: 'createTtl', ...node('/ttl2'), ttlMs: 3_600_000 });
  return client;
}

describe('3.9.6', () => {
  let lab: Lab;
  let clients: RawClient[] = [];
  beforeAll(async () => {
    const settings = { extendedTypesEnabled: 'true' };
    lab = await startLab({ name: 'known39', version: '3.9.6', servers: 3, settings });
    clients = [await fill(lab), await RawClient.open(lab.members[0]!, 5_000)];
  }, LAB_MS);
  afterAll(async () => {
    for (const client of clients) client.drop();
    await lab?.destroy();
  }, LAB_MS);

  test('inspect says what the tree holds, and whose sessions there are', async () => {
    const { tree, servers, warnings } = await factsOf(lab);
    expect(tree).toMatchObject({
      ...{ containers: 1, ttls: 2, ephemerals: 1, nodes: servers[0]!.znodeCount! - 1 },
      largestNode: { path: '/large', bytes: 50_000 },
      sessions: { count: 2, shortestMs: 5_000, medianMs: 5_000, longestMs: 8_000 },
      countersNearLimit: { count: 0 },
    });
    expect(BigInt((tree as TreeFacts).zxid)).toBeGreaterThanOrEqual(BigInt(servers[0]!.zxid!));
    expect(warnings.map(({ code }) => code)).not.toContain('ExtendedTypesMissing');
    const text = await inspect(lab);
    expect(text).toMatch(/1 container, 2 with a time to live, 1 ephemeral\n/);
    expect(text).toMatch(/2 sessions with timeouts of 5000 to 8000 ms/);
  });

  test('a server that would start without extendedTypesEnabled stands against everything', async () => {
    const file = join(hostPaths(lab.server('zk1').directory).config, 'zoo.cfg');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('extendedTypesEnabled=true\n', ''));
    try {
      expect((await factsOf(lab)).warnings[0]).toMatchObject({
        severity: 'error',
        code: 'ExtendedTypesMissing',
        message: expect.stringMatching(/2 nodes with a time to live, but zk1 runs without/),
      });
    } finally {
      writeFileSync(file, before);
    }
  });

  test('with --no-tree nothing is read, and nothing claimed', async () => {
    const out = await inspect(lab, '--no-tree');
    expect(out).toContain('voters in step');
    expect(out).not.toMatch(/^tree/m);
  });

  test('a quorum port that does not answer leaves the tree unknown, soon, and says which', async () => {
    const silent = createServer();
    const { port } = await listening(silent);
    const members = addressesOf(lab).map((address) => ({
      ...address,
      ...{ quorumHost: '127.0.0.1', quorumPort: port },
    }));
    try {
      const begun = performance.now();
      const look = await createTreeAdapter({ directory, secrets: createSecrets() }).look(
        ...([{ name: 'known39' }, members, { deadlineMs: 20_000 }, quietContext()] as const),
      );
      expect(look).toEqual({ unknown: expect.stringContaining(`127.0.0.1:${port}`) });
      expect(performance.now() - begun).toBeLessThan(8_000);
    } finally {
      silent.close();
    }
  });
});

test(
  '3.5.10: plans read the tree until a turn has begun, and see no way back to what cannot read it',
  async () => {
    const settings = { extendedTypesEnabled: 'true' };
    const lab = await startLab({ name: 'known35', version: '3.5.10', servers: 3, settings });
    const secrets = createSecrets();
    const host = createHostAdapter({ secrets });
    const tree = createTreeAdapter({ directory, secrets });
    let looks = 0;
    const activities = planActivities({
      ...{ secrets, host, ownerCredential: 'zkferry:known', searchAttributes: false },
      inventory: createInventory({ path: lab.inventoryPath }),
      zookeeper: createZooKeeperAdapter(),
      tree: {
        look: (...words) => {
          looks += 1;
          return tree.look(...words);
        },
      },
    });
    const run = <A, R>(activity: (args: A) => Promise<R>, args: A): Promise<R> =>
      new MockActivityEnvironment().run<[A], R, (args: A) => Promise<R>>(activity, args);
    const common = { ensemble: lab.name, input: upgradeTo('3.6.4') };
    try {
      const client = await fill(lab);
      const { plan } = await run(activities.planUpgrade, common);
      expect(looks).toBe(1);
      expect(codesOf(plan.findings)).not.toContain('TreeUnknown');
      await run(activities.replanUpgrade, { ...common, plan, done: [] });
      expect(looks).toBe(2);
      const begun = plan.steps.find(({ phase }) => phase === 'upgrade')!.id;
      await run(activities.replanUpgrade, { ...common, plan, done: [begun] });
      expect(looks).toBe(2);
      const touched = (from: string, to: string) =>
        lab.members.map(({ name }) => ({ server: name, from, to, upgraded: true }));
      const wayBack = { ...common, plan, newFormatLed: false };
      await run(activities.planWayBack, { ...wayBack, touched: touched('3.5.10', '3.6.4') });
      expect(looks).toBe(2);
      const below = { ...wayBack, touched: touched('3.4.14', '3.5.10') };
      expect(await run(activities.planWayBack, below)).toMatchObject({
        possible: false,
        reason: expect.stringMatching(/containers \(1\) and nodes with a time to live \(2\)/),
      });
      client.drop();
    } finally {
      await host.close();
      await lab.destroy();
    }
  },
  LAB_MS,
);

function listening(server: Server): Promise<AddressInfo> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo)),
  );
}
