/** A whole installation for one test: real ensemble, Temporal server, worker process, load, checker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { BaseResult } from '../../activities/api';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { openRepository } from '../../src/adapters/repository/openRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import { ensureArchive } from '../../src/lab/bootstrap';
import { checkLoad, type CheckResult } from '../../src/lab/check/checkLoad';
import { createLab, type Lab, type LabOptions } from '../../src/lab/lab';
import { startLoad, type LoadHandle } from '../../src/lab/load/startLoad';
import { startTemporal, type TemporalServer } from '../../src/lab/temporalServer';
import { STATUS_QUERY, TASK_QUEUE, type GateName } from '../../src/model/contract';
import { clientFileOf, LAB_REPOSITORY, LOAD_FOLDER } from '../../src/lab/labInventory';
import { CONNECT_KEY } from '../../src/lab/load/config';
import type { HotBackupRequest, RestoreBackupRequest } from '../../src/model/backupInputs';
import type { DrillDocument } from '../../src/model/repository';
import type { MigrateDataCenterRequest } from '../../src/model/migrationInputs';
import type { ResizeEnsembleRequest, RollingUpgradeRequest } from '../../src/model/inputs';
import type { StatusDocument, UpgradeReport } from '../../src/model/status';
import { until } from './until';
import { startWorker, type WorkerProcess } from './workerProcess';

export interface HarnessOptions extends Partial<LabOptions> {
  name: string;
  /** Starts no worker process; for tests that bring their own. */
  withoutWorker?: boolean;
  /** Releases the test will need beyond its first; by default the newest. */
  releases?: string[];
  /** Temporal's dynamic configuration. */
  dynamicConfig?: Record<string, number>;
}

export type UpgradeOptions = Partial<RollingUpgradeRequest> & { version: string };

const NEWEST = '3.9.6';
const QUERY_DEADLINE_MS = 2_000;
/** Often enough to be there while a step runs. Each look is a query that Temporal and the worker answer. */
const LOOK_EVERY_MS = 100;
/** The suite runs three installations at once, a proof one, under the load's own default. */
const LOAD = process.env.JEST_WORKER_ID === undefined ? {} : { writesPerSecond: 100 };

/** Installations of this process that still stand: what a signal must take down. */
const standing = new Set<Harness>();

export async function destroyAll(): Promise<void> {
  await Promise.all([...standing].map((harness) => harness.destroy()));
}

export class Harness {
  readonly workers: WorkerProcess[] = [];
  private load?: LoadHandle;
  private loads = 0;
  private readonly runs: WorkflowHandle[] = [];

  private constructor(
    readonly lab: Lab,
    readonly temporal: TemporalServer,
    readonly connection: Connection,
    readonly client: Client,
    readonly directory: string,
  ) {}

  static async create(options: HarnessOptions): Promise<Harness> {
    const { withoutWorker, dynamicConfig, releases = [NEWEST], ...lab } = options;
    for (const release of releases) await ensureArchive(release);
    const directory = mkdtempSync(join(tmpdir(), `zkferry-${options.name}-`));
    const ensemble = await createLab({ version: '3.8.4', servers: 3, ...lab });
    const dbFile = join(directory, 'temporal.db');
    const temporal = await beside(ensemble, startTemporal({ dbFile, dynamicConfig }));
    const connection = await Connection.connect({ address: temporal.address });
    const harness = new Harness(
      ensemble,
      temporal,
      connection,
      new Client({ connection }),
      directory,
    );
    standing.add(harness);
    if (!withoutWorker) await harness.startWorker();
    return harness;
  }

  async startWorker(extra?: Record<string, string>): Promise<WorkerProcess> {
    const worker = await startWorker({
      address: this.temporal.address,
      inventory: this.lab.inventoryPath,
      secretFile: join(this.directory, 'secret'),
      logFile: join(this.directory, `worker-${this.workers.length}.log`),
      extra,
    });
    this.workers.push(worker);
    return worker;
  }

  /** The newest worker. */
  get worker(): WorkerProcess {
    return this.workers.at(-1)!;
  }

  /** SIGKILL of the newest worker, and another one in its place. */
  async replaceWorker(): Promise<WorkerProcess> {
    await this.worker.end('SIGKILL');
    return this.startWorker();
  }

  async startLoad(options: Partial<Parameters<typeof startLoad>[0]> = {}): Promise<LoadHandle> {
    this.loads += 1;
    this.load = await startLoad({
      connectString: this.lab.connectString,
      directory: join(this.directory, `load-${this.loads}`),
      root: `/load-${this.loads}`,
      ...LOAD,
      ...options,
    });
    return this.load;
  }

  /** As the client that the inventory of a lab with another side knows: led over by its file. */
  startLoadOfFile(): Promise<LoadHandle> {
    const { directory, connectString } = this.lab;
    const connectFile = clientFileOf(directory);
    writeFileSync(connectFile, `${CONNECT_KEY}=${connectString}\n`);
    return this.startLoad({ directory: join(directory, LOAD_FOLDER), connectFile });
  }

  /** Stops the load and proves what it was promised, on every member. */
  async checkLoad(): Promise<CheckResult> {
    const load = this.load;
    if (!load) throw new Error('no load runs');
    await load.stop();
    this.load = undefined;
    return checkLoad({ journalPath: load.journalPath, connectString: this.lab.connectString });
  }

  /** Starts a run that asks at no gate but those the test names in `gates`. */
  async startUpgrade({ version, ...request }: UpgradeOptions): Promise<Run> {
    const handle = await this.client.workflow.start('rollingUpgrade', {
      taskQueue: TASK_QUEUE,
      workflowId: `test-${this.lab.name}-${Date.now()}`,
      args: [
        {
          ensemble: this.lab.name,
          target: { version },
          soakMs: 500,
          gates: { beforeLeader: { mode: 'auto' }, finalize: { mode: 'auto' } },
          ...request,
        },
      ],
    });
    return this.track(handle);
  }

  /** Starts a resize that asks at no gate but `start` and those the test names, and passes gate start. */
  async resize(request: Omit<ResizeEnsembleRequest, 'ensemble'>): Promise<Run> {
    const run = await this.startResize(request);
    await run.approve('start');
    return run;
  }

  async startResize(request: Partial<ResizeEnsembleRequest>): Promise<Run> {
    const { gates, ...rest } = request;
    const auto = { mode: 'auto' as const };
    const handle = await this.client.workflow.start('resizeEnsemble', {
      taskQueue: TASK_QUEUE,
      workflowId: `test-${this.lab.name}-${Date.now()}`,
      args: [
        {
          ensemble: this.lab.name,
          soakMs: 500,
          gates: { beforeLeader: auto, beforeRemove: auto, beforeWipe: auto, ...gates },
          ...rest,
        },
      ],
    });
    return this.track(handle);
  }

  /** Starts a migration. It asks at every gate whose policy the test does not give. */
  async startMigration(request: Partial<MigrateDataCenterRequest>): Promise<Run> {
    const { gates, ...rest } = request;
    const handle = await this.client.workflow.start('migrateDataCenter', {
      taskQueue: TASK_QUEUE,
      workflowId: `test-migrate-${this.lab.name}-${Date.now()}`,
      args: [
        {
          source: this.lab.name,
          soakMs: 500,
          watchMs: 1_000,
          ...(gates && { gates }),
          ...rest,
        },
      ],
    });
    return this.track(handle);
  }

  /** Into the lab's own repository. */
  async startBackup(request: Partial<HotBackupRequest> = {}): Promise<Run> {
    const handle = await this.client.workflow.start('hotBackup', {
      taskQueue: TASK_QUEUE,
      workflowId: `test-backup-${this.lab.name}-${Date.now()}`,
      args: [{ ensemble: this.lab.name, repository: LAB_REPOSITORY, ...request }],
    });
    return this.track(handle);
  }

  /** Out of the lab's own repository, into the lab. */
  async startRestore(request: Partial<RestoreBackupRequest> = {}): Promise<Run> {
    const handle = await this.client.workflow.start('restoreBackup', {
      taskQueue: TASK_QUEUE,
      workflowId: `test-restore-${this.lab.name}-${Date.now()}`,
      args: [{ repository: LAB_REPOSITORY, to: { ensemble: this.lab.name }, ...request }],
    });
    return this.track(handle);
  }

  /** The lab's own. */
  openRepository(): Promise<Repository> {
    return openRepository(new DirectoryStore(join(this.lab.directory, LAB_REPOSITORY)));
  }

  /** As a schedule takes one. */
  takeBase(): Promise<BaseResult> {
    return this.ofBackup('takeBase');
  }

  /** A drill on one of the lab's hosts. */
  verifyBackup(): Promise<DrillDocument> {
    return this.ofBackup('verifyBackup');
  }

  private async ofBackup<T>(workflow: 'takeBase' | 'verifyBackup'): Promise<T> {
    return (await (await this.startOnBackup(workflow)).handle.result()) as T;
  }

  async startOnBackup(workflow: 'takeBase' | 'verifyBackup'): Promise<Run> {
    const handle = await this.client.workflow.start(workflow, {
      taskQueue: TASK_QUEUE,
      workflowId: `test-${workflow}-${this.lab.name}-${Date.now()}`,
      args: [{ repository: LAB_REPOSITORY, ensemble: this.lab.name }],
    });
    return this.track(handle);
  }

  private track(handle: WorkflowHandle): Run {
    this.runs.push(handle);
    return new Run(handle, this);
  }

  /** Starts a run and passes gate start. */
  async upgrade(options: UpgradeOptions): Promise<Run> {
    const run = await this.startUpgrade(options);
    await run.approve('start');
    return run;
  }

  async destroy(): Promise<void> {
    standing.delete(this);
    await this.load?.stop().catch(() => undefined);
    for (const worker of this.workers) {
      worker.signal('SIGCONT');
      await worker.end('SIGKILL');
    }
    // Whoever still waits for the result of a run that is stuck would wait on a closed connection.
    for (const run of this.runs) await run.terminate('the test is over').catch(() => undefined);
    await this.connection.close();
    // Nobody needs what it would still write down.
    await Promise.all([this.temporal.kill(), this.lab.destroy()]);
    if (process.env.ZKFERRY_KEEP_LOGS === undefined)
      rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Starts the ensemble meanwhile; of two that do not both start, none is left. */
async function beside(lab: Lab, starting: Promise<TemporalServer>): Promise<TemporalServer> {
  const [served, temporal] = await Promise.allSettled([lab.start(), starting]);
  if (served.status === 'fulfilled' && temporal.status === 'fulfilled') return temporal.value;
  await lab.destroy();
  if (temporal.status === 'rejected') throw temporal.reason as Error;
  await temporal.value.kill();
  throw (served as PromiseRejectedResult).reason as Error;
}

export class Run {
  constructor(
    readonly handle: WorkflowHandle,
    private readonly harness: Harness,
  ) {}

  /** Undefined while nobody answers: worker or Temporal down, or just starting. */
  async status(): Promise<StatusDocument | undefined> {
    try {
      return await this.harness.connection.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
        this.handle.query<StatusDocument>(STATUS_QUERY),
      );
    } catch {
      return undefined;
    }
  }

  async until(
    what: string,
    holds: (status: StatusDocument) => boolean,
    deadlineMs = 240_000,
  ): Promise<StatusDocument> {
    let last: StatusDocument | undefined;
    return until(
      () =>
        `${what}; last seen: ${last?.state} ${last?.phase}: ${last?.headline} ${last?.error?.message ?? ''}`,
      async () => {
        last = (await this.status()) ?? last;
        if (last && holds(last)) return last;
        if (last?.state === 'failed') throw new Error(`the run failed: ${last.error?.message}`);
        return undefined;
      },
      deadlineMs,
      LOOK_EVERY_MS,
    );
  }

  step(id: string, state: 'running' | 'done', deadlineMs?: number): Promise<StatusDocument> {
    return this.until(
      `step ${id} ${state}`,
      ({ plan }) => {
        const step = plan?.steps.find((candidate) => candidate.id === id);
        return step?.state === state || (state === 'running' && step?.state === 'done');
      },
      deadlineMs,
    );
  }

  atGate(gate: GateName, deadlineMs?: number): Promise<StatusDocument> {
    return this.until(
      `waiting at gate ${gate}`,
      (status) => status.gate?.gate === gate,
      deadlineMs,
    );
  }

  async approve(gate: GateName, deadlineMs?: number): Promise<void> {
    await this.atGate(gate, deadlineMs);
    await this.send('approve', { gate, approver: 'tester' });
  }

  send(control: string, input: object = {}): Promise<StatusDocument> {
    return this.handle.executeUpdate<StatusDocument, [object]>(control, { args: [input] });
  }

  async report(deadlineMs = 300_000): Promise<UpgradeReport> {
    const ended = this.handle.result() as Promise<UpgradeReport>;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        void this.status().then((status) =>
          reject(new Error(`the run has not ended: ${status?.state}: ${status?.headline}`)),
        );
      }, deadlineMs);
    });
    try {
      return await Promise.race([ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
