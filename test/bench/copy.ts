/**
 * A tree copied from one ensemble to another: by zkferry, against the limit of what one socket can write, a
 * pipelined copier on the npm `zookeeper` package, and zk-shell. Only the source and one target run meanwhile.
 */
import { runMeasured, startMs, zkferry, type Measured } from './child';
import { BenchEnsemble } from './ensemble';
import { median, perSecond, print, round, tell } from './figure';
import { growth } from './growth';
import { benchOptions } from './options';
import { ensureZkShell, mirror, ZK_SHELL_VERSION } from './peers/zkShell';
import { pump } from './rawWriter';
import {
  DATA_BYTES,
  deletesOf,
  multisOf,
  PART_NODES,
  partOf,
  sampleNodes,
  znodesIn,
} from './sampleTree';

const DEFAULTS = { nodes: 100_000, memoryNodes: 1_000_000, rounds: 3, only: 'all' };
const TARGETS = { standalone: 1, ensemble: 3 } as const;
const PEER_SESSIONS = [1, 4];
const ROOT = '/bench';
const MOST_WARM_UPS = 6;
/** So much faster than the best before. */
const STILL_WARMING = 1.1;

type Kind = keyof typeof TARGETS;

export async function benchCopy(args: string[]): Promise<void> {
  const options = benchOptions(args, DEFAULTS, ['all', 'standalone', 'ensemble', 'memory']);
  const wanted = (what: string) => options.only === 'all' || options.only === what;
  const kinds = (Object.keys(TARGETS) as Kind[]).filter(wanted);
  if (kinds.length > 0) {
    const source = await BenchEnsemble.start('source', 3);
    await source.fill(ROOT, options.nodes);
    const zkShell = await ensureZkShell();
    for (const kind of kinds) {
      const target = await BenchEnsemble.start('target', TARGETS[kind]);
      await new CopyBench(kind, source, target, options).run(zkShell);
      await target.destroy();
    }
    await source.destroy();
  }
  if (wanted('memory')) await copyMemory(options.memoryNodes);
}

interface Copied {
  perSecond: number;
  wallMs: number;
  durationMs: number;
}

class CopyBench {
  private runs = 0;
  private readonly znodes: number;

  constructor(
    private readonly kind: Kind,
    private readonly source: BenchEnsemble,
    private readonly target: BenchEnsemble,
    private readonly options: { nodes: number; rounds: number },
  ) {
    this.znodes = znodesIn(options.nodes);
  }

  async run(zkShell: string | undefined): Promise<void> {
    const started = await startMs();
    tell(`${this.kind}: warming up, not counted`);
    await this.warmUp(started);
    const raw: number[] = [];
    const own: Copied[] = [];
    for (let index = 0; index < this.options.rounds; index += 1) {
      const contenders = [
        async () => raw.push(await this.raw()),
        async () => own.push(await this.byZkferry(started)),
      ];
      for (const contender of index % 2 === 0 ? contenders : contenders.reverse())
        await contender();
      tell(`${this.kind}: raw ${raw.at(-1)}/s, zkferry ${own.at(-1)!.perSecond}/s`);
    }
    const report = this.reporter(own, started);
    report('raw', Math.max(...raw), { peerValues: raw });
    await this.againstPackage(report);
    if (zkShell !== undefined) await this.againstZkShell(zkShell, report);
  }

  /** Servers get faster while Java compiles what they do often: what is compared later is compared after that. */
  private async warmUp(started: number): Promise<void> {
    let best = 0;
    for (let round = 0; round < MOST_WARM_UPS; round += 1) {
      const rate = await this.raw();
      await this.byZkferry(started);
      if (rate < best * STILL_WARMING) return;
      best = Math.max(best, rate);
    }
  }

  private reporter(own: Copied[], started: number) {
    // As of the raw limit, the best of the rounds.
    const values = own.map((copied) => copied.perSecond);
    const value = Math.max(...values);
    return (vs: string, peerValue: number, details: object): void =>
      print({
        bench: 'copy',
        figure: this.kind === 'standalone' ? 'nodesPerSecondStandalone' : 'nodesPerSecondEnsemble',
        value,
        unit: 'nodes/s',
        vs,
        ratio: round(value / peerValue),
        peerValue,
        ...details,
        values,
        median: median(values),
        wallMs: own.map((copied) => round(copied.wallMs, 0)),
        startMs: round(started, 0),
        durationMs: own.map((copied) => round(copied.durationMs, 0)),
        nodes: this.znodes,
        dataBytes: DATA_BYTES,
      });
  }

  /** Znodes a second of multis made beforehand. */
  private raw(): Promise<number> {
    return this.into(this.options.nodes, async (root) => {
      const frames = [...multisOf(sampleNodes(root, this.options.nodes))];
      return perSecond(this.znodes, await pump(await this.target.leader(), frames));
    });
  }

  /** From the command's start, less what it takes to start at all, to its end. */
  private byZkferry(started: number): Promise<Copied> {
    return this.into(this.options.nodes, async (root) => {
      const { wallMs, stdout } = await zkferryCopy(this.source.at(ROOT), this.target.at(root));
      const { durationMs } = JSON.parse(stdout) as { durationMs: number };
      return { perSecond: perSecond(this.znodes, wallMs - started), wallMs, durationMs };
    });
  }

  private async againstPackage(report: ReturnType<CopyBench['reporter']>): Promise<void> {
    const bySessions: Record<number, number> = {};
    for (const sessions of PEER_SESSIONS) {
      const { durationMs } = await this.into(this.options.nodes, async (root) => {
        const { host, clientPort } = await this.target.leader();
        const { stdout } = await runMeasured(
          'test/bench/peers/zookeeperCopier.js',
          [this.source.at(''), ROOT, `${host}:${clientPort}`, root, sessions].map(String),
        );
        return JSON.parse(stdout) as { durationMs: number };
      });
      bySessions[sessions] = perSecond(this.znodes, durationMs);
      tell(`${this.kind}: zookeeper package, ${sessions} session(s): ${bySessions[sessions]}/s`);
    }
    report('zookeeper', Math.max(...Object.values(bySessions)), { peerBySessions: bySessions });
  }

  private async againstZkShell(
    program: string,
    report: ReturnType<CopyBench['reporter']>,
  ): Promise<void> {
    const nodes = Math.min(this.options.nodes, PART_NODES);
    const durationMs = await this.into(nodes, async (root) => {
      const [from, to] = [await this.source.leader(), await this.target.leader()];
      return mirror(
        program,
        `${from.host}:${from.clientPort}${partOf(ROOT, 0)}`,
        `zk://${to.host}:${to.clientPort}${partOf(root, 0)}`,
      );
    });
    const peerValue = perSecond(znodesIn(nodes) - 1, durationMs);
    tell(`${this.kind}: zk-shell ${peerValue}/s`);
    report('zk-shell', peerValue, { peerNodes: nodes, peerVersion: ZK_SHELL_VERSION });
  }

  /** A fresh place for a tree of `nodes`; counted when it is written, and taken away again. */
  private async into<T>(nodes: number, write: (root: string) => Promise<T>): Promise<T> {
    const root = `${ROOT}-${(this.runs += 1)}`;
    const before = await this.target.znodes();
    const result = await write(root);
    await this.target.holds(before + znodesIn(nodes));
    await pump(await this.target.leader(), multisOf(deletesOf(root, nodes)));
    return result;
  }
}

const zkferryCopy = (from: string, to: string): Promise<Measured> =>
  zkferry('copy', from, to, '--execute', '--json', '--quiet');

async function copyMemory(nodes: number): Promise<void> {
  const source = await BenchEnsemble.start('source', 3, 2_048);
  const target = await BenchEnsemble.start('target', 1, 2_048);
  await growth('copy', nodes, {
    grow: (to, from) => source.fill(ROOT, to, from),
    run: (count) => zkferryCopy(source.at(ROOT), target.at(`/copy-${count}`)),
  });
  await target.destroy();
  await source.destroy();
}
