/** One Apache Kafka broker in ZooKeeper mode, from its published jars, on loopback. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { javaHome } from '../../src/lab/bootstrap';
import { endProcess, processRef } from '../../src/lab/processes';
import { LOG_SETTINGS } from './classPaths';
import { until } from '../support/until';
import type { LabServer } from '../../src/lab/labState';

const ID = 0;
const CHROOT = '/kafka';
const START_MS = 120_000;
/** A controlled shutdown moves leadership away first. */
const STOP_GRACE_MS = 30_000;

export interface KafkaBrokerOptions {
  classPath: string;
  /** Without a chroot: the broker's own is added. */
  connectString: string;
  /** Address and port it listens on. */
  listens: { host: string; port: number };
  directory: string;
}

/** How the broker is registered; another session or another epoch is another registration. */
export interface Registration {
  /** Of `/brokers/ids/0`: what Kafka takes for the broker's epoch. */
  czxid: string;
  ephemeralOwner: string;
  /** How often a controller was elected. */
  controllerEpoch: string;
}

export class KafkaBroker {
  private child?: ChildProcess;
  private exited?: Promise<void>;
  private ended?: string;

  constructor(private readonly options: KafkaBrokerOptions) {}

  get bootstrap(): string {
    const { host, port } = this.options.listens;
    return `${host}:${port}`;
  }

  private get logFile(): string {
    return join(this.options.directory, 'broker.log');
  }

  /** Resolves when the broker is registered on `servers` and a controller is elected. Again after `stop`. */
  async start(servers: LabServer[]): Promise<Registration> {
    const { classPath, directory } = this.options;
    mkdirSync(directory, { recursive: true });
    const settings = join(directory, 'server.properties');
    writeFileSync(settings, this.properties());
    const log = openSync(this.logFile, 'a');
    this.ended = undefined;
    this.child = spawn(
      join(javaHome(), 'bin', 'java'),
      ['-Xmx256m', LOG_SETTINGS, '-cp', classPath, 'kafka.Kafka', settings],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    this.exited = this.watch(this.child);
    return until(
      () => `the broker to be registered; its log:\n${this.log()}`,
      () => {
        this.assertRuns();
        return this.registration(servers);
      },
      START_MS,
      500,
    );
  }

  /** As its own ensemble sees it; undefined while it is not registered. */
  async registration(servers: LabServer[]): Promise<Registration | undefined> {
    const session = await createZooKeeperAdapter().openSession({ servers });
    try {
      const stat = await session.exists(`${CHROOT}/brokers/ids/${ID}`);
      const controller = await session.exists(`${CHROOT}/controller`);
      if (stat === null || controller === null) return undefined;
      const epoch = await session.get(`${CHROOT}/controller_epoch`);
      return {
        czxid: stat.czxid,
        ephemeralOwner: stat.ephemeralOwner,
        controllerEpoch: String(epoch.data),
      };
    } finally {
      await session.close();
    }
  }

  /** Times that it wrote its registration, by its own log. */
  get registrations(): number {
    return this.read().match(/Registered broker \d+ at path/g)?.length ?? 0;
  }

  /** Throws with its last words if it has ended. */
  assertRuns(): void {
    if (this.ended !== undefined)
      throw new Error(`the broker ended with ${this.ended}:\n${this.log()}`);
  }

  async stop(): Promise<void> {
    const ref = this.child?.pid === undefined ? undefined : processRef(this.child.pid);
    if (ref !== undefined) await endProcess(ref, STOP_GRACE_MS);
    await this.exited;
  }

  private watch(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      const note = (how: string) => {
        this.ended = how;
        resolve();
      };
      child.once('exit', (code, signal) => note(signal ?? `exit code ${code}`));
      child.once('error', (error) => note(error.message));
    });
  }

  private read(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  private log(): string {
    return this.read().slice(-3_000);
  }

  /** Kafka's defaults where one broker can have them: above all its session timeout of 18 s. */
  private properties(): string {
    const { connectString, directory } = this.options;
    return [
      `broker.id=${ID}`,
      `listeners=PLAINTEXT://${this.bootstrap}`,
      `zookeeper.connect=${connectString}${CHROOT}`,
      'zookeeper.session.timeout.ms=18000',
      `log.dirs=${join(directory, 'data')}`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      'auto.create.topics.enable=false',
      '',
    ].join('\n');
  }
}
