import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { hostPaths, javaEnv, SERVICE_SCRIPT, zooCfg } from '../../src/lab/hostFiles';
import { createLab, type Lab } from '../../src/lab/lab';
import { srvr } from '../../src/lab/probe';
import type { ResolvedServer } from '../../src/model/inventory';
import type { ServerFiles } from '../../src/model/ports';
import { context, rejection, token, until } from './sshd';

const bytesBelow = (top: string): number =>
  readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

describe('a host nothing was ever put on', () => {
  let lab: Lab;
  let adapter: HostAdapter;
  let spare: ResolvedServer;
  let member: ResolvedServer;
  let script: string;
  let paths: ReturnType<typeof hostPaths>;

  beforeAll(async () => {
    lab = await createLab({ name: 'hostp', version: '3.9.6', servers: 3, spares: 1 });
    paths = hostPaths(lab.server('zk4').directory);
    // The lab's spares have these already; a machine just installed has not.
    for (const path of [paths.packageRoot, paths.config, paths.data, paths.service, paths.state]) {
      rmSync(path, { recursive: true });
    }
    await lab.start();
    adapter = createHostAdapter({ secrets: createSecrets() });
    const ensemble = await createInventory({ path: lab.inventoryPath }).resolve('hostp');
    member = ensemble.servers[0] as ResolvedServer;
    spare = ensemble.servers[3] as ResolvedServer;
  });
  afterAll(async () => {
    await adapter?.close();
    await lab?.destroy();
  });

  test('shows itself as it is', async () => {
    const facts = await adapter.observe(spare, context());
    expect(facts).toMatchObject({ reachable: true, process: { running: false } });
    expect(facts).not.toHaveProperty('error');
    for (const absent of ['data', 'config', 'myid', 'members']) {
      expect(facts).not.toHaveProperty(absent);
    }
    expect(facts.package).toMatchObject({ stagedVersions: [] });
  });

  test("reads a member's service script, of which its own is made", async () => {
    script = (await adapter.readService(member, context())).script ?? '';
    expect(script).toBe(SERVICE_SCRIPT);
    expect(await adapter.readService(spare, context())).toEqual({});
    const unit = { ...member, service: { kind: 'systemd' as const, unit: 'zookeeper' } };
    expect(await adapter.readService(unit, context())).toEqual({});
  });

  test('gets package, files and service script, and serves as a learner of the running ensemble', async () => {
    expect(await adapter.stagePackage(spare, '3.9.6', token(1), context())).toEqual({
      alreadyStaged: false,
    });
    expect(await adapter.installPackage(spare, '3.9.6', token(2), context())).toEqual({
      installed: '3.9.6',
    });
    expect(await provision(3)).toEqual({
      changed: true,
      created: [paths.data, paths.config],
      written: [
        `${paths.config}/zoo.cfg`,
        `${paths.config}/java.env`,
        `${paths.data}/myid`,
        paths.service,
      ],
      snapshots: 0,
      logs: 0,
    });
    expect(readFileSync(`${paths.data}/myid`, 'utf8')).toBe('4\n');
    expect(modes()).toEqual(['750', '755', '640', '644', '755']);
    expect(await provision(4)).toMatchObject({ changed: false, created: [], written: [] });

    await startAndServe(5);
    const facts = await adapter.observe(spare, context());
    expect(facts).toMatchObject({
      process: { running: true, masked: false },
      myid: 4,
      data: { directory: paths.data, acceptedEpoch: 1, currentEpoch: 1 },
      package: { installedVersion: '3.9.6' },
    });
  });

  test('is not touched while its server runs', async () => {
    const refused = await rejection(provision(6));
    expect(refused).toMatchObject({ type: 'HostOccupied', retryable: false });
    expect(refused.message).toContain(`runs this server, with ${paths.config}/zoo.cfg`);
    const kept = await rejection(wipe(7));
    expect(kept).toMatchObject({ type: 'GuardRefused' });
    expect(kept.message).toContain('data is only removed while no server uses it');
    expect(existsSync(`${paths.data}/version-2`)).toBe(true);
  });

  test('is wiped once it is stopped, keeps its package and a copy of the configuration, and stays masked', async () => {
    await adapter.stopServer(spare, token(8), context(), 30_000);
    const before = readFileSync(`${paths.config}/zoo.cfg`, 'utf8');
    const bytesThere = [paths.data, paths.config].reduce((sum, top) => sum + bytesBelow(top), 0);
    const { removed, removedBytes } = await wipe(9);
    expect(removed).toEqual([
      `${paths.data}/version-2`,
      `${paths.data}/myid`,
      `${paths.config}/java.env`,
      `${paths.config}/zoo.cfg`,
    ]);
    expect(removedBytes).toBe(bytesThere);
    expect(readdirSync(paths.data)).toEqual([]);
    expect(readdirSync(paths.config)).toEqual([]);
    const copy = `${paths.state}/hostp/zk4/removed-0000000100000001-9`;
    expect(readdirSync(copy).sort()).toEqual(['java.env', 'zoo.cfg']);
    expect(readFileSync(`${copy}/zoo.cfg`, 'utf8')).toBe(before);
    const facts = await adapter.observe(spare, context());
    expect(facts.process).toMatchObject({ running: false, masked: true });
    expect(facts.package).toMatchObject({ installedVersion: '3.9.6' });
    expect(facts.data).not.toHaveProperty('currentEpoch');
    expect(await wipe(10)).toEqual({ removed: [], removedBytes: 0 });
  });

  test('can be used again', async () => {
    expect(await provision(11)).toMatchObject({ changed: true, created: [], snapshots: 0 });
    await startAndServe(12);
    await adapter.stopServer(spare, token(13), context(), 30_000);
    const snapshots = readdirSync(`${paths.data}/version-2`).filter((name) =>
      name.startsWith('snapshot.'),
    ).length;
    expect(snapshots).toBeGreaterThan(0);
    expect(await provision(14)).toMatchObject({ changed: false, snapshots });
  });

  function files(): ServerFiles {
    const members = [...lab.members, { ...lab.server('zk4'), role: 'observer' as const }];
    const server = { ...lab.server('zk4'), role: 'observer' as const };
    return {
      zooCfg: zooCfg(server, { version: '3.9.6', members }),
      javaEnv: { name: 'java.env', text: javaEnv(String(spare.javaHome), []) },
      myid: 4,
      dataDir: paths.data,
      script,
    };
  }
  const provision = (sequence: number) =>
    adapter.provisionServer(spare, files(), token(sequence), context());
  const wipe = (sequence: number) =>
    adapter.wipeServer(spare, { keepPackage: true }, token(sequence), context());
  async function startAndServe(sequence: number): Promise<void> {
    await adapter.startServer(spare, token(sequence), context());
    await until('it serves', async () => (await srvr(spare))?.mode === 'observer', 60_000);
  }
  const modes = (): string[] =>
    [paths.data, paths.config, `${paths.config}/zoo.cfg`, `${paths.data}/myid`, paths.service].map(
      (path) => (statSync(path).mode & 0o777).toString(8),
    );
});
