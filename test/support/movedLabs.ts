/** A source that serves, captured, and a target beside it that never ran: what a physical move is made of. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { stringify } from 'yaml';
import { captureSource } from '../../activities/backup/captureSource';
import { dataOf } from '../../activities/backup/restorePoint';
import type { Dependencies } from '../../activities/dependencies';
import { physicalActivities } from '../../activities/migrate/physical';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { openNamedRepository } from '../../src/adapters/repository/inventoryRepository';
import { createSecrets } from '../../src/adapters/secrets';
import { createTreeAdapter } from '../../src/adapters/source/lookAtTree';
import { SharedTaps } from '../../src/adapters/tap';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { createLab, type Lab } from '../../src/lab/lab';
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import type { ResolvedServer } from '../../src/model/inventory';
import type { PhysicalActivities, ReconciledTail } from '../../src/model/physicalMove';
import type { RestorePoint } from '../../src/model/plan';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import { LONG_MEMORY } from './smallRepository';
import { RunningCapture } from './runningCapture';

const SETTINGS = { tickTime: '500', initLimit: '20', syncLimit: '6' };
const STOP_MS = 60_000;
const RUN = { workflowId: 'MOVE', runId: 'moved', strategy: 'migrateDataCenter' } as const;

export class MovedLabs {
  readonly activities: PhysicalActivities;
  private sequence = 0;

  private constructor(
    readonly source: Lab,
    readonly target: Lab,
    readonly directory: string,
    readonly dependencies: Dependencies,
    private readonly host: HostAdapter,
  ) {
    this.activities = physicalActivities(dependencies);
  }

  static async create(name: string, from: string, to: string): Promise<MovedLabs> {
    const directory = mkdtempSync(join(tmpdir(), `zkferry-${name}-`));
    // A capture that comes back late on a busy machine would be given a snapshot, and its range be unproven.
    const servers = { servers: 3, settings: SETTINGS, javaOptions: [LONG_MEMORY] };
    const source = await createLab({ name: `${name}-old`, version: from, ...servers });
    const target = await createLab({ name: `${name}-new`, version: to, ...servers });
    await Promise.all([source.start(), target.startSsh()]);
    const path = join(directory, 'inventory');
    mkdirSync(path);
    copyFileSync(source.inventoryPath, join(path, 'source.yaml'));
    const { ensembles } = target.inventory();
    writeFileSync(join(path, 'target.yaml'), stringify({ ensembles }), { mode: 0o600 });
    const secrets = createSecrets();
    const inventory = createInventory({ path });
    const host = createHostAdapter({ secrets });
    const spoolDirectory = join(directory, 'spool');
    const openRepository = (repository: string) =>
      openNamedRepository({ inventory, secrets }, repository);
    const dependencies: Dependencies = {
      ...{ inventory, secrets, host, zookeeper: createZooKeeperAdapter() },
      backup: { openRepository, taps: new SharedTaps(), spoolDirectory },
      tree: createTreeAdapter({ directory: spoolDirectory, secrets }),
      ...{ ownerCredential: 'zkferry:secret', searchAttributes: false },
    };
    return new MovedLabs(source, target, directory, dependencies, host);
  }

  /** Names of both sides and of the repository, as activities take them. */
  get names() {
    return { source: this.source.name, target: this.target.name, repository: LAB_REPOSITORY };
  }

  run<A, R>(activity: (args: A) => Promise<R>, args: A): Promise<R> {
    return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run<
      [A],
      R,
      (args: A) => Promise<R>
    >(activity, args);
  }

  async capture(): Promise<RunningCapture> {
    const { source, repository } = this.names;
    const options = await captureSource(this.dependencies, { ensemble: source, repository });
    const running = new RunningCapture(this.source, options.repository, options);
    await running.capturing();
    return running;
  }

  reconcile(ensemble = this.source.name): Promise<ReconciledTail> {
    const args = { ensemble, repository: LAB_REPOSITORY, owner: 'test' };
    return this.run(this.activities.reconcileTail, args);
  }

  async servers(lab: Lab): Promise<ResolvedServer[]> {
    return (await this.dependencies.inventory.resolve(lab.name)).servers;
  }

  /** As the steps of a restore do it: every server stopped and masked, given the data, started. */
  async startTarget(point: RestorePoint): Promise<void> {
    const context: OperationContext = {
      signal: new AbortController().signal,
      heartbeat: () => undefined,
    };
    const { directory } = await dataOf(this.dependencies, RUN, point, context);
    const servers = await this.servers(this.target);
    for (const server of servers) {
      await this.host.stopServer(server, this.token(), context, STOP_MS);
      await this.host.placeData(server, directory, this.token(), context);
    }
    await Promise.all(servers.map((one) => this.host.startServer(one, this.token(), context)));
    await this.target.waitServing(
      60_000,
      servers.map(({ name }) => name),
    );
  }

  private token(): FenceToken {
    this.sequence += 1;
    return { generation: '0000000100000001', sequence: this.sequence, attempt: 1 };
  }

  async destroy(): Promise<void> {
    await this.host.close();
    await Promise.all([this.source.destroy(), this.target.destroy()]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
