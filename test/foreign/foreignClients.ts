/**
 * Software nobody here wrote at work on an ensemble: a Kafka broker with producer, consumer and an administrator, and
 * two Curator processes that contend. Started before a run, checked after it.
 */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { blockOf } from '../../src/lab/addresses';
import type { LabServer } from '../../src/lab/labState';
import { curatorClassPath, kafkaClassPath } from './classPaths';
import {
  assertCurator,
  CONTENDERS,
  persistentNodes,
  startContender,
  worksOn,
  type Contender,
  type CuratorSays,
} from './curatorWorkload';
import { JavaProgram } from './javaProgram';
import { KafkaBroker, type Registration } from './kafkaBroker';

const DEADLINE_MS = 120_000;
/** Of the lab's own block, where no server is. */
const BROKER_ADDRESS = '200';
const BROKER_PORT = 9092;
const TOPIC = 'numbers';

export interface KafkaSays {
  /** Records acknowledged, and of all those read. */
  acked: number;
  read: number;
  /** Topics made. */
  topics: number;
  /** Acknowledged and not read; said in the end. */
  lost?: number;
  duplicates: number;
  outOfOrder: number;
  problems: string[];
  done: boolean;
}

export interface ForeignOptions {
  /** Those that serve at the start. */
  servers: LabServer[];
  /** Whom the clients know: all that they may ever need. */
  connectString: string;
  /** Where logs, ledgers and the broker's data go. */
  directory: string;
}

/** What the clients did, for whoever reads a proof's output. */
export interface ForeignSummary {
  kafka: KafkaSays;
  curator: Omit<CuratorSays, 'cache'>[];
  registration: Registration;
}

export class ForeignClients {
  private before?: {
    registration: Registration;
    nodes: Record<string, string>;
    curator: CuratorSays[];
  };

  private constructor(
    private readonly broker: KafkaBroker,
    private readonly load: JavaProgram<KafkaSays>,
    private readonly contenders: Contender[],
  ) {}

  /** Resolves when every part of them works. */
  static async start({
    servers,
    connectString,
    directory,
  }: ForeignOptions): Promise<ForeignClients> {
    const [kafka, curator] = [await kafkaClassPath(), await curatorClassPath()];
    const host = `${blockOf(servers[0]!.host)}.${BROKER_ADDRESS}`;
    const listens = { host, port: BROKER_PORT };
    const broker = new KafkaBroker({
      classPath: kafka,
      connectString,
      listens,
      directory: join(directory, 'kafka'),
    });
    const started: { end(): Promise<void> }[] = [];
    try {
      const registration = await broker.start(servers);
      const load = new JavaProgram<KafkaSays>({
        classPath: kafka,
        mainClass: 'KafkaLoad',
        args: [broker.bootstrap, TOPIC],
        logFile: join(directory, 'kafka', 'load.log'),
      });
      started.push(load);
      const contenders = CONTENDERS.map((name) =>
        startContender(curator, name, connectString, join(directory, 'curator')),
      );
      started.push(...contenders);
      const clients = new ForeignClients(broker, load, contenders);
      await clients.kafkaWorksOn();
      const said = await Promise.all(contenders.map((contender) => worksOn(contender)));
      clients.before = { registration, nodes: await persistentNodes(servers), curator: said };
      return clients;
    } catch (error) {
      for (const program of started) await program.end();
      await broker.stop();
      throw error;
    }
  }

  /**
   * Proves that all of them still work on `servers`, that nothing they were promised is lost, that locks had one
   * holder at any time, and that nobody had to register anew.
   */
  async assertKept(servers: LabServer[]): Promise<ForeignSummary> {
    const { registration, nodes, curator } = this.before!;
    this.broker.assertRuns();
    await this.kafkaWorksOn();
    for (const contender of this.contenders) {
      const now = await contender.until('it says anything', () => true, DEADLINE_MS);
      await worksOn(contender, now);
    }
    const ends = await assertCurator(this.contenders, curator, servers);
    assert.deepEqual(await persistentNodes(servers), nodes, 'a PersistentNode was made anew');
    const kafka = await this.assertKafka();
    assert.deepEqual(await this.broker.registration(servers), registration);
    assert.equal(this.broker.registrations, 1);
    // eslint-disable-next-line @typescript-eslint/no-unused-vars
    return { kafka, registration, curator: ends.map(({ cache, ...end }) => end) };
  }

  async stop(): Promise<void> {
    await Promise.all([this.load, ...this.contenders].map((program) => program.end()));
    await this.broker.stop();
  }

  /** Records flow, and topics are made, counted from now. */
  private async kafkaWorksOn(): Promise<void> {
    const since = await this.load.until('it says anything', () => true, DEADLINE_MS);
    await this.load.until(
      'more records and topics',
      ({ acked, read, topics }) =>
        acked > since.acked + 100 && read > since.read + 100 && topics > since.topics,
      DEADLINE_MS,
    );
  }

  private async assertKafka(): Promise<KafkaSays> {
    this.load.tell('quiet');
    const end = await this.load.until('it is done', ({ done }) => done, DEADLINE_MS);
    assert.deepEqual(end.problems, []);
    assert.equal(end.lost, 0, `${end.lost} acknowledged records were not read`);
    assert.equal(end.outOfOrder, 0);
    assert.equal(end.duplicates, 0);
    return end;
  }
}

/** Runs `work` while they work. */
export async function withForeignClients(
  options: ForeignOptions,
  work: (clients: ForeignClients) => Promise<void>,
): Promise<void> {
  const clients = await ForeignClients.start(options);
  try {
    await work(clients);
  } finally {
    await clients.stop();
  }
}
