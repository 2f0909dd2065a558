/** A whole installation whose ensemble moves to another one: both in the inventory, and a load that can be led over. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { stringify } from 'yaml';
import { checkLoad, type CheckResult } from '../../src/lab/check/checkLoad';
import { createLab, type Lab } from '../../src/lab/lab';
import { CONNECT_KEY } from '../../src/lab/load/config';
import type { LoadHandle } from '../../src/lab/load/startLoad';
import type { MigrateDataCenterRequest } from '../../src/model/migrationInputs';
import { Harness, type HarnessOptions, type Run } from './harness';

export interface TwoSidesOptions extends Omit<HarnessOptions, 'version' | 'servers'> {
  from: string;
  to: string;
  newServers?: number;
  /** Whether the target runs already, as a logical migration wants it. */
  lives?: boolean;
}

const SETTINGS = { tickTime: '500', initLimit: '20', syncLimit: '6' };
const CLIENT = 'load';

export class TwoSides {
  load?: LoadHandle;

  private constructor(
    readonly harness: Harness,
    readonly target: Lab,
  ) {}

  static async create(options: TwoSidesOptions) {
    const { from, to, newServers = 3, lives, settings = SETTINGS, ...rest } = options;
    const harness = await Harness.create({
      ...rest,
      settings,
      version: from,
      servers: 3,
      releases: [to],
      withoutWorker: true,
    });
    try {
      const target = await createLab({
        name: `${options.name}-new`,
        version: to,
        servers: newServers,
        settings,
      });
      await (lives === true ? target.start() : target.startSsh());
      const sides = new TwoSides(harness, target);
      sides.writeInventory();
      await harness.startWorker();
      return sides;
    } catch (error) {
      await harness.destroy();
      throw error;
    }
  }

  get source(): Lab {
    return this.harness.lab;
  }

  /** The file that the load is led by. */
  get clientFile(): string {
    return join(this.harness.directory, 'load.properties');
  }

  private writeInventory(): void {
    const { source, target, harness } = this;
    const own = source.inventory();
    const pidFile = join(harness.directory, 'load.pid');
    const inventory = {
      ...own,
      ensembles: {
        ...target.inventory().ensembles,
        [source.name]: { ...own.ensembles[source.name], repository: 'backups', clients: [CLIENT] },
      },
      clients: {
        [CLIENT]: {
          ssh: {
            host: source.servers[0]!.host,
            port: source.servers[0]!.sshPort,
            user: userInfo().username,
            hostKey: source.hostKeyFingerprint,
            privateKey: `file:${source.privateKeyPath}`,
          },
          files: [{ path: this.clientFile, key: CONNECT_KEY }],
          reload: `kill -HUP "$(cat ${pidFile})"`,
          // The run's own probe comes from the same address: its sessions are not the load's.
          proof: 'none',
          state: join(harness.directory, 'client-state'),
        },
      },
    };
    writeFileSync(source.inventoryPath, stringify(inventory), { mode: 0o600 });
  }

  /** Writes, reads, holds sessions and ephemerals; known to the inventory as a client of its file. */
  async startLoad(options: Parameters<Harness['startLoad']>[0] = {}): Promise<LoadHandle> {
    const { harness, source } = this;
    writeFileSync(this.clientFile, `# of the load\n${CONNECT_KEY}=${source.connectString}\n`);
    const load = await harness.startLoad({ connectFile: this.clientFile, ...options });
    writeFileSync(join(harness.directory, 'load.pid'), String(load.pid));
    this.load = load;
    return load;
  }

  get clientSays(): string {
    return readFileSync(this.clientFile, 'utf8');
  }

  /** Asks at every gate whose policy is not given. */
  start(request: Partial<MigrateDataCenterRequest>): Promise<Run> {
    return this.harness.startMigration({ target: this.target.name, ...request });
  }

  /** Stops the load and compares what was acknowledged with what is on every member of that side. */
  async check(side: Lab): Promise<CheckResult> {
    const { load } = this;
    if (load === undefined) throw new Error('no load runs');
    await load.stop();
    return checkLoad({ journalPath: load.journalPath, connectString: side.connectString });
  }

  async destroy(): Promise<void> {
    await this.harness.destroy();
    await this.target.destroy();
  }
}

export async function withTwoSides(
  options: TwoSidesOptions,
  work: (sides: TwoSides) => Promise<void>,
): Promise<void> {
  const sides = await TwoSides.create(options);
  try {
    await work(sides);
  } finally {
    await sides.destroy();
  }
}
