/** A side closed to its clients, on a real ensemble under load. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { checkLoad } from '../../src/lab/check/checkLoad';
import { createLab, type Lab } from '../../src/lab/lab';
import { startLoad, type LoadHandle } from '../../src/lab/load/startLoad';
import type { ResolvedServer } from '../../src/model/inventory';
import { listenersOf } from '../../src/planning/fence/listeners';
import { fenceTable } from '../../src/model/clientFence';
import { fenceRuleset } from '../../src/planning/fence/ruleset';
import { context, rejection, token } from '../host/sshd';
import { until } from '../support/until';

const directory = mkdtempSync(join(tmpdir(), 'zkferry-fence-'));
const zookeeper = createZooKeeperAdapter();
let lab: Lab;
let host: HostAdapter;
let servers: ResolvedServer[];
let load: LoadHandle;

beforeAll(async () => {
  lab = await createLab({ name: 'fence', version: '3.8.6', servers: 3, observers: 1 });
  await lab.start();
  host = createHostAdapter({ secrets: createSecrets() });
  servers = (await createInventory({ path: lab.inventoryPath }).resolve('fence')).servers;
  load = await startLoad({
    connectString: lab.connectString,
    directory: join(directory, 'load'),
    sessionTimeoutMs: 20_000,
  });
}, 120_000);

afterAll(async () => {
  await load?.stop().catch(() => undefined);
  for (const server of servers ?? [])
    try {
      execFileSync('nft', ['delete', 'table', 'inet', fenceTable(server)], { stdio: 'ignore' });
    } catch {
      // It was lifted.
    }
  await host?.close();
  await lab?.destroy();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

const raise = async (server: ResolvedServer, sequence: number): Promise<void> => {
  await host.checkClientFence(server, context());
  const facts = await host.observe(server, context(), { depth: 'files' });
  const version = facts.package?.installedVersion;
  const listeners = listenersOf(server, { ...facts, ...(version !== undefined && { version }) });
  const ruleset = fenceRuleset(fenceTable(server), listeners);
  await host.raiseClientFence(server, ruleset, token(sequence), context());
};
const everywhere = <T>(work: (server: ResolvedServer) => Promise<T>): Promise<T[]> =>
  Promise.all(servers.map(work));

/** Whether a client gets a connection. */
const opens = ({ host: at, clientPort }: ResolvedServer): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(clientPort, at);
    const end = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });

const acked = (): number => load.stats().ackedWrites;

/** The load tells its figures four times a second: they stand still once two tellings are the same. */
async function settled(): Promise<number> {
  let before = -1;
  let same = 0;
  await until(
    'the load to tell the same figures again',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      same = acked() === before ? same + 1 : 0;
      before = acked();
      return same >= 3 || undefined;
    },
    30_000,
  );
  return before;
}

test('closed: nothing is acknowledged, members still reach each other; a flush and a restart are no way in; open: the same sessions go on', async () => {
  await until('writes', () => Promise.resolve(acked() > 200 || undefined), 30_000);
  await everywhere((server) => raise(server, 10));
  expect(await everywhere(opens)).toEqual([false, false, false, false]);
  const closedAt = await settled();
  await everywhere((server) => raise(server, 11));
  expect((await host.observe(servers[0]!, context())).closedToClients).toBe(true);

  // The quorum port is open: a member that restarts finds its leader, and nobody finds the member.
  const [first] = servers;
  await lab.killServer(first!.name);
  await host.startServer(first!, token(12), context());
  await until(
    'the restarted member to have joined',
    async () => {
      const { process } = await host.observe(first!, context(), { depth: 'process' });
      return process?.running || undefined;
    },
    30_000,
  );
  expect(await everywhere((server) => host.holdClientFence(server, context()))).toEqual(
    servers.map(() => 'held'),
  );

  expect(await settled()).toBe(closedAt);

  // Somebody flushes the rules of one host: its clients may come back until they are raised again.
  execFileSync('nft', ['delete', 'table', 'inet', fenceTable(servers[1]!)]);
  expect(await host.holdClientFence(servers[1]!, context())).toBe('raisedAgain');
  expect(await host.holdClientFence(servers[1]!, context())).toBe('held');
  const closedAgainAt = await settled();
  expect(await everywhere(opens)).toEqual([false, false, false, false]);
  expect(await settled()).toBe(closedAgainAt);

  // Who comes late with an older token must not open what a newer one has closed.
  expect(await rejection(host.liftClientFence(servers[1]!, token(9), context()))).toMatchObject({
    type: 'StaleFence',
  });
  expect(await opens(servers[1]!)).toBe(false);

  expect(await everywhere((s) => host.liftClientFence(s, token(13), context()))).toEqual(
    servers.map(() => ({ lifted: true })),
  );
  expect(await everywhere((s) => host.liftClientFence(s, token(14), context()))).toEqual(
    servers.map(() => ({ lifted: false })),
  );
  expect((await host.observe(servers[0]!, context())).closedToClients).toBeUndefined();
  await until('writes again', () => Promise.resolve(acked() > closedAt + 200 || undefined), 60_000);
  expect(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })).not.toMatch(
    fenceTable(servers[1]!),
  );
  expect((await zookeeper.probe(servers[1]!)).state).toBe('serving');
  await load.stop();
  const check = await checkLoad({
    journalPath: load.journalPath,
    connectString: lab.connectString,
  });
  expect(check.problems).toEqual([]);
  expect(check.sessionsLost).toBe(0);
}, 240_000);
