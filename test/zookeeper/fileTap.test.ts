/** A capture that reads the servers' own files over SSH, held against what the ensemble committed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, type CaptureProgress } from '../../src/adapters/capture/capture';
import { openFileTap } from '../../src/adapters/fileTap/fileTap';
import { createHostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { createRepository } from '../../src/adapters/repository/openRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import { createSecrets } from '../../src/adapters/secrets';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { hostPaths } from '../../src/lab/hostFiles';
import { createLab, type Lab } from '../../src/lab/lab';
import type { ResolvedServer } from '../../src/model/inventory';
import { treeOf } from '../support/backupTree';
import { freeze } from '../support/freeze';
import { assertEqual } from '../support/tapLab';
import { until } from '../support/until';
import { WriteLoad } from '../support/writeLoad';
import { addressesOf, eventually } from './support';

jest.setTimeout(150_000);

let lab: Lab;
let members: ResolvedServer[];
let directory: string;
let running: Running;
let load: WriteLoad | undefined;
let repository: Repository;
const host = createHostAdapter({ secrets: createSecrets() });
const zookeeper = createZooKeeperAdapter();

beforeAll(async () => {
  lab = await createLab({
    name: 'filetap',
    version: '3.9.6',
    servers: 3,
    settings: { tickTime: '500', initLimit: '20', syncLimit: '6' },
  });
  await lab.start();
  members = (await createInventory({ path: lab.inventoryPath }).resolve(lab.name)).servers;
});
afterAll(async () => {
  await host.close();
  await lab.destroy();
});

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-filetap-'));
  repository = await createRepository(new DirectoryStore(join(directory, 'repository')), {
    kind: 'none',
  });
});
afterEach(async () => {
  await load?.stop();
  load = undefined;
  await running.abort();
  rmSync(directory, { recursive: true, force: true });
});

class Running {
  progress: CaptureProgress | undefined;
  error: unknown;
  private readonly kill = new AbortController();
  private readonly stopping = new AbortController();
  readonly ended: Promise<void>;

  constructor() {
    this.ended = capture({
      repository,
      ensemble: 'orders',
      owner: 'test',
      members: [],
      openTap: (tap) =>
        openFileTap({
          ...{ members, host, pollMs: 200, ...tap },
          probe: (server, signal) => zookeeper.probe(server, { signal, timeoutMs: 500 }),
        }),
      directory: join(directory, 'spool'),
      segmentMs: 2_000,
      signal: this.kill.signal,
      stop: this.stopping.signal,
      onProgress: (progress) => (this.progress = progress),
    }).then(
      (progress) => void (this.progress = progress),
      (error: unknown) => void (this.error = error),
    );
  }

  until(what: string, holds: (progress: CaptureProgress) => boolean): Promise<true> {
    return until(
      () => `${what}; ${JSON.stringify(this.progress)}`,
      () => {
        if (this.error !== undefined) throw this.error as Error;
        return (this.progress !== undefined && holds(this.progress)) || undefined;
      },
      60_000,
    );
  }

  async abort(): Promise<void> {
    this.kill.abort();
    await this.ended;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
    if (this.error !== undefined) throw this.error as Error;
  }
}

async function startLoad(name: string): Promise<WriteLoad> {
  const session = await zookeeper.openSession({ servers: addressesOf(lab) });
  await session.create(`/${name}`, Buffer.alloc(0));
  await session.close();
  load = new WriteLoad({ servers: addressesOf(lab), root: `/${name}`, writesPerSecond: 300 });
  return load;
}

const written = (load: WriteLoad, more: number): Promise<true> => {
  const goal = load.acknowledged + more;
  return until(`${more} writes`, () => load.acknowledged >= goal || undefined, 40_000);
};

/** What the servers have applied by now is in the repository. */
async function caughtUp(running: Running): Promise<void> {
  const session = await zookeeper.openSession({ servers: addressesOf(lab) });
  await session.create('/mark-', Buffer.alloc(0), { sequential: true });
  await session.close();
  // The end of the session is a transaction as well.
  const probes = await Promise.all(members.map((server) => zookeeper.probe(server)));
  const mark = probes
    .map(({ zxid }) => BigInt(zxid ?? 0))
    .reduce((one, other) => (one > other ? one : other));
  await running.until('the mark', ({ durableUpTo }) => BigInt(durableUpTo ?? 0) >= mark);
  await running.stop();
}

async function assertWhole(): Promise<void> {
  const { timelines } = await repository.contents('orders');
  expect(timelines.at(-1)).toMatchObject({ findings: [], holes: [] });
  await assertEqual(lab, [await treeOf(repository, timelines.at(-1)!)], {
    // The way the sessions of the load and the mark ended goes on after the capture was stopped.
    ignore: (path) => path.startsWith('/zookeeper'),
  });
}

/** Once every member serves: one that still starts would be neither, and could make a quorum later. */
async function roles(): Promise<{ leader: ResolvedServer; followers: ResolvedServer[] }> {
  await lab.waitServing();
  const probes = await Promise.all(
    members.map(async (server) => ({ server, probe: await zookeeper.probe(server) })),
  );
  const of = (role: string) =>
    probes.filter(({ probe }) => probe.role === role).map(({ server }) => server);
  return { leader: of('leader')[0]!, followers: of('follower') };
}

async function gone(path: string): Promise<void> {
  const session = await zookeeper.openSession({ servers: addressesOf(lab) });
  try {
    await eventually(`${path} gone`, async () => (await session.exists(path)) === null);
  } finally {
    await session.close();
  }
}

/** Looked for on this very machine: it is said again and again, of 64 MiB. */
function isLogged({ name }: ResolvedServer, text: string): true | undefined {
  const { directory } = lab.servers.find((server) => server.name === name)!;
  const logs = join(hostPaths(directory).data, 'version-2');
  const newest = readdirSync(logs)
    .filter((file) => file.startsWith('log.'))
    .sort()
    .at(-1)!;
  return readFileSync(join(logs, newest)).includes(text) || undefined;
}

test('everything an ensemble commits comes out of its files; when the leader dies those of others lead on into the new epoch', async () => {
  const load = await startLoad('leader');
  running = new Running();
  await running.until('a base', (it) => it.state === 'capturing' && it.lastBase !== undefined);
  await written(load, 300);
  const before = BigInt(running.progress!.durableUpTo!) >> 32n;
  const { leader } = await roles();
  await lab.killServer(leader.name);
  await written(load, 300);
  await running.until('the next epoch', (it) => BigInt(it.durableUpTo ?? 0) >> 32n > before);
  await lab.startServer(leader.name);
  await written(load, 100);
  await load.stop();
  await caughtUp(running);
  await assertWhole();
});

test('what a leader logged and no quorum did never enters the repository', async () => {
  running = new Running();
  await running.until('a base', (it) => it.state === 'capturing' && it.lastBase !== undefined);
  const { leader, followers } = await roles();
  expect(followers).toHaveLength(2);
  const alone = await zookeeper.openSession({
    servers: [{ host: leader.host, clientPort: leader.clientPort }],
    operationTimeoutMs: 2_000,
  });
  await alone.create('/alone', Buffer.alloc(0), { ephemeral: true });
  const pids = followers.map(({ name }) => lab.serverProcess(name)!.pid);
  await freeze(...pids);
  try {
    await expect(alone.create('/never', Buffer.from('committed'))).rejects.toThrow();
    await until('the proposal in its log', () => isLogged(leader, '/never'), 5_000);
  } finally {
    await lab.killServer(leader.name);
    // What lies in their sockets must not be read: then it would stand in a majority's logs.
    for (const { name } of followers) await lab.killServer(name);
  }
  await alone.close().catch(() => undefined);
  for (const { name } of followers) await lab.startServer(name);
  // Its session ends by a transaction of its own, which may come after any mark.
  await gone('/alone');
  await caughtUp(running);
  await lab.startServer(leader.name);
  await assertWhole();
  const { timelines } = await repository.contents('orders');
  const { tree } = await treeOf(repository, timelines.at(-1)!);
  expect(tree!.get('/never')).toBeUndefined();
});
