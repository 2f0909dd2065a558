/**
 * A small repository as captures of a real ensemble leave it, one after the other, with bases, segments, a hole between
 * the second and the third, unsealed pieces and drills, and the trees that there were.
 */
import { createHash } from 'node:crypto';
import { recordDrill } from '../../src/adapters/repository/drills';
import type { Repository } from '../../src/adapters/repository/repository';
import { storeBase } from '../../src/adapters/capture/storeBase';
import { takeSnapshot } from '../../src/adapters/capture/takeSnapshot';
import { openTap } from '../../src/adapters/tap';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import type { ZkSession } from '../../src/model/ports';
import type { ConfigurationDocument } from '../../src/model/repository';
import { RecordedTrees, type RecordedTree } from './recordedTrees';
import { ENSEMBLE, membersOf, RunningCapture } from './runningCapture';
import { addressesOf } from './tapLab';
import { until } from './until';

/** More than a leader keeps in memory: who was away meanwhile is given a snapshot. */
export const MORE_THAN_KEPT = 700;
const DRILLS = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];

/** Servers never read what lies between a learner and them from their logs: only what is kept in memory. */
export const NO_LOG_SYNC = '-Dzookeeper.snapshotSizeFactor=-1';
/**
 * They keep more in memory than a test writes while a learner is away, 20 s and more, in some 30 MB of their 256. From 3.6
 * on. Their logs alone are not enough: a leader's may be behind what it keeps in memory where its disk is slow, and then
 * it gives a snapshot.
 */
export const LONG_MEMORY = '-Dzookeeper.commitLogCount=20000';

let configurations = 0;
const configuration = (): ConfigurationDocument => {
  const text = `tickTime=${500 + (configurations += 1)}\n`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { format: 1, files: [{ server: 'zk1', path: '/zoo.cfg', text, sha256 }], versions: {} };
};

export interface SmallRepository {
  /** In the order of zxids; the last one is the newest transaction there. */
  points: RecordedTree[];
  /** The first point after the hole. */
  afterHole: number;
}

export async function addBase(lab: Lab, repository: Repository): Promise<void> {
  const open = (tap: { signal?: AbortSignal; directory: string }) =>
    openTap({ servers: addressesOf(lab), ...tap });
  const base = await takeSnapshot(open, `${lab.directory}/spool`, new AbortController().signal);
  const details = { members: membersOf(lab), configuration: configuration() };
  await storeBase(repository, { ensemble: ENSEMBLE, timeline: 1 }, base, details);
}

/** `midway`: called while nobody captures, before the hole. */
export async function fillRepository(
  lab: Lab,
  repository: Repository,
  midway: () => Promise<void> = () => Promise.resolve(),
): Promise<SmallRepository> {
  const trees = new RecordedTrees(openTap({ servers: addressesOf(lab), directory: lab.directory }));
  const session = await createZooKeeperAdapter().openSession({ servers: addressesOf(lab) });
  const work = new Work(lab, repository, trees, session);
  try {
    await session.create('/work', Buffer.alloc(0));
    await session.create('/ephemeral', Buffer.from('mine'), { ephemeral: true });
    await until('the reference', () => trees.tapTree.isSettled || undefined, 30_000);
    await work.capture(3, { segmentMs: 200 }, (running) => running.abort());
    await work.capture(4, { segmentMs: 200 }, async (running) => {
      await addBase(lab, repository);
      await work.record();
      await running.stop();
    });
    await midway();
    await work.write(MORE_THAN_KEPT);
    const afterHole = work.points.length;
    await work.capture(3, { segmentMs: 200 }, async (running) => {
      await addBase(lab, repository);
      await work.record();
      await running.stop();
    });
    await work.capture(1, { segmentMs: 120_000 }, async (running) => {
      // What is not there yet may be more than a leader remembers: then there would be another hole.
      await work.durable(running);
      await running.abort();
    });
    await work.capture(2, { segmentMs: 120_000 }, async (running) => {
      await work.durable(running);
      work.points.push(trees.now());
      await running.abort();
    });
    for (const at of DRILLS) await work.drill(at);
    return { points: work.points, afterHole };
  } finally {
    await session.close();
    await trees.tapTree.tap.close();
  }
}

class Work {
  readonly points: RecordedTree[] = [];
  private next = 0;

  constructor(
    private readonly lab: Lab,
    private readonly repository: Repository,
    private readonly trees: RecordedTrees,
    private readonly session: ZkSession,
  ) {}

  async write(count: number): Promise<void> {
    const one = async (): Promise<void> => {
      const path = `/work/n${(this.next += 1) % 40}`;
      const data = Buffer.from(`value ${this.next}`);
      if ((await this.session.exists(path)) === null) await this.session.create(path, data);
      else await this.session.set(path, data);
    };
    for (let left = count; left > 0; left -= 20)
      await Promise.all(Array.from({ length: 20 }, () => one().catch(() => undefined)));
  }

  /** Captures while `points` trees are recorded. */
  async capture(
    points: number,
    options: { segmentMs: number },
    end: (running: RunningCapture) => Promise<unknown>,
  ): Promise<void> {
    const running = new RunningCapture(this.lab, this.repository, {
      ...options,
      configuration: () => Promise.resolve(configuration()),
    });
    await running.capturing();
    for (let point = 0; point < points; point += 1) {
      const sealed = running.progress!.segments;
      await this.write(20);
      if (options.segmentMs < 1_000) await running.until('a segment', (it) => it.segments > sealed);
      // Pieces are merged after a second: each of these then stays one.
      else await this.writeFor(1_200);
      await this.record();
    }
    await end(running);
  }

  /** Some more is written before and after. */
  async record(): Promise<void> {
    await this.write(20);
    const recorded = this.trees.record();
    await this.write(20);
    this.points.push(await recorded);
    await this.write(20);
  }

  /** All that was written is in the repository. */
  async durable(running: RunningCapture): Promise<void> {
    await running.until(
      'everything',
      ({ lag, durableUpTo }) => lag.txns === 0 && BigInt(durableUpTo ?? 0) === this.trees.last,
      30_000,
    );
  }

  drill(at: string): Promise<void> {
    const { zxid } = this.points[0]!;
    const rest = { format: 1, at, timeline: 1, base: 'none', zxid, ok: true } as const;
    return recordDrill(this.repository, ENSEMBLE, { ...rest, findings: ['whole'], durationMs: 5 });
  }

  private async writeFor(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (performance.now() < end) await this.write(20);
  }
}
