/** Ensembles to measure on, with the memory and the compiler that a server in use has. */
import { createLab, type Lab, type LabServer } from '../../src/lab/lab';
import { askWord } from '../../src/adapters/zookeeper/fourLetterClient';
import { until } from '../support/until';
import { atEnd } from './cleanup';
import { multisOf, sampleData, sampleNodes } from './sampleTree';
import { pump } from './rawWriter';

export const VERSION = '3.9.6';
const SERVING_DEADLINE_MS = 300_000;
const COUNTED_DEADLINE_MS = 30_000;
const WORD_TIMEOUT_MS = 10_000;

interface Start {
  running?: Promise<void>;
}

export class BenchEnsemble {
  private constructor(
    readonly lab: Lab,
    private readonly begun: Start,
    readonly destroy: () => Promise<void>,
  ) {}

  /** Started, and taken down at the end at the latest. `heapMb`: of each server. */
  static async start(role: string, servers: number, heapMb = 1_024): Promise<BenchEnsemble> {
    const ensemble = await BenchEnsemble.create(role, servers, heapMb);
    await ensemble.start();
    return ensemble;
  }

  /** Its hosts, with no server running yet. */
  static async create(role: string, servers: number, heapMb = 1_024): Promise<BenchEnsemble> {
    const creating = createLab({
      name: `bench-${role}`,
      version: VERSION,
      servers,
      // The lab's own servers are small and compiled once, to start quickly.
      javaOptions: [`-Xmx${heapMb}m`, '-XX:TieredStopAtLevel=4'],
      // Enough for a million nodes, as whoever has so many sets it.
      settings: { initLimit: '60' },
    });
    const start: Start = {};
    const destroy = atEnd(async () => {
      const lab = await creating.catch(() => undefined);
      // A lab that is still starting would go on to do so.
      await start.running?.catch(() => undefined);
      await lab?.destroy();
    });
    return new BenchEnsemble(await creating, start, destroy);
  }

  /** Resolves once all of its servers serve, within five minutes: what they are to load may be large. */
  start(): Promise<void> {
    this.begun.running ??= this.startServers();
    return this.begun.running;
  }

  private async startServers(): Promise<void> {
    await Promise.all(this.lab.members.map(({ name }) => this.lab.startServer(name)));
    await this.lab.waitServing(SERVING_DEADLINE_MS);
  }

  get addresses(): { host: string; clientPort: number }[] {
    return this.lab.members.map(({ host, clientPort }) => ({ host, clientPort }));
  }

  at(path: string): string {
    return `${this.lab.connectString}${path}`;
  }

  async leader(): Promise<LabServer> {
    const name = await this.lab.leader();
    if (name === undefined) throw new Error(`nobody leads lab ${this.lab.name}`);
    return this.lab.server(name);
  }

  /** Writes the sample tree, from data node `from` on. */
  async fill(root: string, count: number, from = 0, dataOf = sampleData): Promise<void> {
    await pump(await this.leader(), multisOf(sampleNodes(root, count, from, dataOf)));
  }

  /** Znodes the leader holds. */
  async znodes(): Promise<number> {
    const answer = await askWord(await this.leader(), 'srvr', { timeoutMs: WORD_TIMEOUT_MS });
    const [, count] = /^Node count: (\d+)$/m.exec(answer.kind === 'reply' ? answer.text : '') ?? [];
    if (count === undefined) throw new Error(`no node count from the leader of ${this.lab.name}`);
    return Number(count);
  }

  /** Resolves once the leader holds so many znodes; fails where it does not come to that. */
  async holds(znodes: number): Promise<void> {
    let seen = 0;
    await until(
      () => `the leader of ${this.lab.name} to hold ${znodes} znodes; it holds ${seen}`,
      async () => {
        seen = await this.znodes();
        return seen === znodes ? true : undefined;
      },
      COUNTED_DEADLINE_MS,
    );
  }
}
