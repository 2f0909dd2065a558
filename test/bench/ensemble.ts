/** Ensembles to measure on, with the memory and the compiler that a server in use has. */
import { createLab, type Lab, type LabServer } from '../../src/lab/lab';
import { askWord } from '../../src/adapters/zookeeper/fourLetterClient';
import { until } from '../support/until';
import { atEnd } from './cleanup';
import { multisOf, sampleNodes } from './sampleTree';
import { pump } from './rawWriter';

export const VERSION = '3.9.6';
const COUNTED_DEADLINE_MS = 30_000;
const WORD_TIMEOUT_MS = 10_000;

export class BenchEnsemble {
  private constructor(
    readonly lab: Lab,
    readonly destroy: () => Promise<void>,
  ) {}

  /** Started, and taken down at the end at the latest. `heapMb`: of each server. */
  static async start(role: string, servers: number, heapMb = 1_024): Promise<BenchEnsemble> {
    const creating = createLab({
      name: `bench-${role}`,
      version: VERSION,
      servers,
      // The lab's own servers are small and compiled once, to start quickly.
      javaOptions: [`-Xmx${heapMb}m`, '-XX:TieredStopAtLevel=4'],
    });
    const starting = creating.then((lab) => lab.start());
    const destroy = atEnd(async () => {
      // A lab that is still starting would go on to do so.
      await starting.catch(() => undefined);
      await (await creating.catch(() => undefined))?.destroy();
    });
    await starting;
    return new BenchEnsemble(await creating, destroy);
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
  async fill(root: string, count: number, from = 0): Promise<void> {
    await pump(await this.leader(), multisOf(sampleNodes(root, count, from)));
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
