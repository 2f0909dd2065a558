/** A whole side closed, watched and opened by its activities; and what keeps it from being closed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { StepArgs } from '../../activities/api';
import type { Dependencies } from '../../activities/dependencies';
import { fenceSteps } from '../../activities/migrate/fenceSteps';
import { openPassage } from '../../activities/migrate/openPassage';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { checkLoad } from '../../src/lab/check/checkLoad';
import { readJournal } from '../../src/lab/check/readJournal';
import { createLab, type Lab } from '../../src/lab/lab';
import { startLoad, type LoadHandle } from '../../src/lab/load/startLoad';
import { fenceTable } from '../../src/model/clientFence';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import { canConnect, startTestHost, type TestHost } from '../host/sshd';
import { until } from '../support/until';

const DEADLINE_MS = 60_000;
const CLOSED_PORT = 1;
const directory = mkdtempSync(join(tmpdir(), 'zkferry-side-'));
const zookeeper = createZooKeeperAdapter();
const secrets = createSecrets();
let lab: Lab;
let host: HostAdapter;
let ensemble: ResolvedEnsemble;
let load: LoadHandle;
let powerless: TestHost;
let sequence = 10;

beforeAll(async () => {
  lab = await createLab({ name: 'fence-side', version: '3.8.6', servers: 3 });
  await lab.start();
  host = createHostAdapter({ secrets });
  ensemble = await createInventory({ path: lab.inventoryPath }).resolve('fence-side');
  // Root, as which everything else works, but not nft.
  powerless = await startTestHost(
    '127.0.0.61',
    [],
    ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin'],
  );
  load = await startLoad({
    connectString: lab.connectString,
    directory: join(directory, 'load'),
    sessionTimeoutMs: 20_000,
  });
}, 180_000);

afterAll(async () => {
  for (const server of ensemble?.servers ?? [])
    try {
      execFileSync('nft', ['delete', 'table', 'inet', fenceTable(server)], { stdio: 'ignore' });
    } catch {
      // It was lifted.
    }
  await load?.stop().catch(() => undefined);
  await powerless?.close();
  await host?.close();
  await lab?.destroy();
  rmSync(directory, { recursive: true, force: true });
}, 120_000);

/** Activities to which the ensemble looks like `servers`, on hosts that behave as `faults` says. */
function activities(servers = ensemble.servers, faults: Partial<HostAdapter> = {}) {
  const inventory = { resolve: () => Promise.resolve({ ...ensemble, servers }) };
  return fenceSteps({
    ...{ inventory, secrets, zookeeper, host: { ...host, ...faults } },
  } as unknown as Dependencies);
}

const run = <A, R>(activity: (args: A) => Promise<R>, args: A): Promise<R> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run<
    [A],
    R,
    (args: A) => Promise<R>
  >(activity, args);

const step = (mode: 'physical' | 'logical' = 'physical'): StepArgs =>
  ({
    ensemble: 'fence-side',
    fence: { generation: '0000000100000001', sequence: (sequence += 1) },
    migrate: { mode },
    step: { side: 'source' },
  }) as unknown as StepArgs;

const acked = (): number => load.stats().ackedWrites;
const opens = (): Promise<boolean[]> =>
  Promise.all(ensemble.servers.map(({ host: at, clientPort }) => canConnect(at, clientPort)));
const tables = (): string => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
const isTabled = (server: ResolvedServer): boolean => tables().includes(fenceTable(server));
async function writesGoOn(): Promise<void> {
  const from = acked();
  await until('writes to go on', () => acked() > from + 50 || undefined, DEADLINE_MS);
}
const outOfReach = (index: number): ResolvedServer[] =>
  ensemble.servers.map((server, at) =>
    at === index
      ? { ...server, ssh: { ...server.ssh!, port: CLOSED_PORT, connectTimeoutMs: 1_000 } }
      : server,
  );

/** A connection that a fence would cut, and whether it was. */
async function heldOpen({ host: at, clientPort }: ResolvedServer): Promise<() => boolean> {
  const socket = connect(clientPort, at);
  let cut = false;
  socket.on('close', () => (cut = true)).on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return () => {
    const was = cut;
    socket.destroy();
    return was;
  };
}

test('a host without the right to use nft: refused with what to do, and no server is touched', async () => {
  await writesGoOn();
  const before = tables();
  const [first, second, third] = ensemble.servers;
  const servers = [first!, second!, { ...third!, ssh: powerless.ssh, host: powerless.address }];
  const raised: string[] = [];
  const raiseClientFence: HostAdapter['raiseClientFence'] = (server, ...rest) => {
    raised.push(server.name);
    return host.raiseClientFence(server, ...rest);
  };
  await expect(
    run(activities(servers, { raiseClientFence }).fenceServers, step()),
  ).rejects.toMatchObject({
    type: 'Unsupported',
    nonRetryable: true,
    message: expect.stringMatching(
      /root may not use nft here .*not permitted.*set ssh.become to sudo/s,
    ),
  });
  expect(raised).toEqual([]);
  expect(tables()).toBe(before);
  await writesGoOn();
}, 120_000);

test('a host with another key than it had is not out of reach: refused, and no server is touched', async () => {
  const before = tables();
  const hostKey = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const servers = ensemble.servers.map((server, at) =>
    at === 2 ? { ...server, ssh: { ...server.ssh!, hostKey } } : server,
  );
  for (const fence of ['firewall', 'stop'])
    await expect(
      run(activities(servers).fenceServers, {
        ...step(),
        migrate: { mode: 'physical', fence },
      } as unknown as StepArgs),
    ).rejects.toMatchObject({ type: 'HostKeyMismatch', nonRetryable: true });
  expect(tables()).toBe(before);
  await writesGoOn();
}, 120_000);

test('closed by its activity: no write begun since is acknowledged; the watch brings back what a flush took', async () => {
  await writesGoOn();
  const { fencedAt, detail } = await run(activities().fenceServers, step());
  const closedMs = Date.parse(fencedAt!);
  expect(detail).toMatch(/refused by .*, .*, /);
  expect(await opens()).toEqual([false, false, false]);
  expect(ensemble.servers.map(isTabled)).toEqual([true, true, true]);

  const flushedMs = Date.now();
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const told: { looks: number; raisedAgain: number }[] = [];
  environment.on('heartbeat', (one: { looks: number; raisedAgain: number } | undefined) => {
    if (one !== undefined) told.push(one);
  });
  const watch = { ensemble: 'fence-side', durationMs: 10 * DEADLINE_MS };
  const watched = environment.run<[typeof watch], { detail: string }, never>(
    activities().watchFence as never,
    watch,
  );
  await until('a first look', () => (told.at(-1)?.looks ?? 0) > 0 || undefined, DEADLINE_MS);
  execFileSync('nft', ['delete', 'table', 'inet', fenceTable(ensemble.servers[1]!)]);
  await until(
    'the table to be there again',
    () => (told.at(-1)?.raisedAgain === 1 && isTabled(ensemble.servers[1]!)) || undefined,
    DEADLINE_MS,
  );
  environment.cancel('CANCELLED');
  expect((await watched).detail).toMatch(/^looked \d+ time\(s\); raised again 1 time\(s\)$/);

  expect((await run(activities().liftFence, step())).detail).toMatch(/may reach .*, .*, .* again/);
  expect((await run(activities().liftFence, step())).detail).toBe('was not closed');
  await writesGoOn();
  const { records } = await readJournal(load.journalPath);
  const during = records.filter(
    (one) => one.t === 'w' && one.o === 'acked' && one.s >= closedMs && one.e < flushedMs,
  );
  expect(during).toEqual([]);
}, 240_000);

test('a server out of reach: refused where it could go on, with no client cut; else the voters that are left stop', async () => {
  await writesGoOn();
  const isCut = await heldOpen(ensemble.servers[0]!);
  const servers = outOfReach(2);
  await expect(run(activities(servers).fenceServers, step('logical'))).rejects.toMatchObject({
    type: 'FenceNotProven',
    nonRetryable: true,
    message: expect.stringContaining(`${servers[2]!.name} cannot be reached`),
  });
  expect(isCut()).toBe(false);

  const { detail } = await run(activities(servers).fenceServers, step());
  expect(detail).toMatch(/cannot be reached, so .* were stopped: what is left is no quorum$/);
  const states = await Promise.all(ensemble.servers.map((server) => zookeeper.probe(server)));
  expect(states.map(({ state }) => state)).not.toContain('serving');
  for (const server of ensemble.servers.slice(0, 2))
    await host.startServer(
      server,
      { generation: '0000000100000001', sequence: (sequence += 1), attempt: 1 },
      { signal: new AbortController().signal, heartbeat: () => undefined },
    );
  await run(activities().liftFence, step());
  await writesGoOn();
}, 240_000);

test('through a closed side this worker passes, and nobody else; what a flush took comes back with the passage', async () => {
  await writesGoOn();
  await run(activities().fenceServers, step());
  const dependencies = { zookeeper, host } as unknown as Dependencies;
  const token = { generation: '0000000100000001', sequence: (sequence += 1), attempt: 1 };
  const context = { signal: new AbortController().signal, heartbeat: () => undefined };
  const servers = await openPassage(dependencies, ensemble, token, context);
  const before = acked();
  const session = await zookeeper.openSession({ servers, sessionTimeoutMs: 10_000 });
  await session.create('/brought', Buffer.from('over'));
  await session.delete('/brought');
  await session.close();
  expect(await opens()).toEqual([false, false, false]);
  expect(acked()).toBe(before);
  // As it was closed, so it is looked after: with the passage.
  for (const server of ensemble.servers) {
    execFileSync('nft', ['delete', 'table', 'inet', fenceTable(server)]);
    expect(await host.holdClientFence(server, context)).toBe('raisedAgain');
  }
  expect(await opens()).toEqual([false, false, false]);
  expect(await openPassage(dependencies, ensemble, token, context)).toEqual(servers);
  await run(activities().liftFence, step());
  await writesGoOn();
}, 240_000);

test('closed by stopping: no firewall, the leader last, every listener refuses', async () => {
  await writesGoOn();
  const stopped: string[] = [];
  const stopServer: HostAdapter['stopServer'] = (server, ...rest) => {
    stopped.push(server.name);
    return host.stopServer(server, ...rest);
  };
  const probes = await Promise.all(ensemble.servers.map((server) => zookeeper.probe(server)));
  const leader = ensemble.servers[probes.findIndex(({ role }) => role === 'leader')]!;
  const order = { ...step(), migrate: { mode: 'physical', fence: 'stop' } } as unknown as StepArgs;
  const checkClientFence = () => Promise.reject(new Error('nft is not asked for'));
  const { detail } = await run(
    activities(ensemble.servers, { stopServer, checkClientFence }).fenceServers,
    order,
  );
  expect(detail).toMatch(/^stopped and masked since .*, refused by zk1, zk2, zk3$/);
  expect(stopped.at(-1)).toBe(leader.name);
  expect(await opens()).toEqual([false, false, false]);
  expect(ensemble.servers.map(isTabled)).toEqual([false, false, false]);
  const context = { signal: new AbortController().signal, heartbeat: () => undefined };
  const token = { generation: '0000000100000001', sequence: (sequence += 1), attempt: 1 };
  for (const server of ensemble.servers) await host.startServer(server, token, context);
  await writesGoOn();
}, 240_000);

test('a fence that is not proven is undone: what was stopped runs again, what was closed is open', async () => {
  await writesGoOn();
  const reach: HostAdapter['reach'] = (_server, targets) =>
    Promise.resolve(targets.map((target) => ({ ...target, state: 'open' as const })));
  const stopped: string[] = [];
  const stopServer: HostAdapter['stopServer'] = (server, ...rest) => {
    stopped.push(server.name);
    return host.stopServer(server, ...rest);
  };
  const probes = await Promise.all(ensemble.servers.map((server) => zookeeper.probe(server)));
  const leads = probes.findIndex(({ role }) => role === 'leader');
  const follows = leads === 0 ? 1 : 0;
  await expect(
    run(activities(outOfReach(follows), { reach, stopServer }).fenceServers, step()),
  ).rejects.toMatchObject({
    type: 'FenceNotProven',
    message: expect.stringMatching(/still takes connections from its own host/),
  });
  expect(stopped.at(-1)).toBe(ensemble.servers[leads]!.name);
  expect(stopped).toHaveLength(2);
  expect(ensemble.servers.map(isTabled)).toEqual([false, false, false]);
  await writesGoOn();
  await load.stop();
  const check = await checkLoad({
    journalPath: load.journalPath,
    connectString: lab.connectString,
  });
  expect(check.problems).toEqual([]);
  expect(check.sessionsLost).toBe(0);
}, 240_000);
