/** What a hot backup costs who writes: the time of a write with a capture and without, in turns on one ensemble. */
import { RawClient } from '../../support/rawClient';
import { atEnd } from '../cleanup';
import type { BenchEnsemble } from '../ensemble';
import { median, percentile, print, round, tell } from '../figure';
import { write } from '../pacedWriter';
import { Capturing, makeRepository, temporaryDirectory } from './capturing';
import { loadAverage } from './loadAverage';

const WARM_UP_SECONDS = 10;
/** After a capture has begun or ended, before it is counted. */
const SETTLE_SECONDS = 1;

export interface CostOptions {
  pairs: number;
  pairSeconds: number;
  rate: number;
}

interface Latency {
  p50: number;
  p99: number;
}

interface Pair {
  with: Latency;
  without: Latency;
}

/** `root`: of a sample tree in `ensemble`. */
export async function benchCost(
  ensemble: BenchEnsemble,
  root: string,
  options: CostOptions,
): Promise<void> {
  const client = await RawClient.open(await ensemble.leader());
  const drop = atEnd(() => client.drop());
  const capturing = new Capturing(ensemble);
  const load = { seconds: options.pairSeconds, rate: options.rate };
  const measure = async (): Promise<Latency> => {
    await write(client, root, { ...load, seconds: SETTLE_SECONDS });
    const { sentAt, ackedAt } = await write(client, root, load);
    const tookMs = Float64Array.from(ackedAt, (at, index) => at - sentAt[index]!).sort();
    return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99) };
  };
  const captured = async (): Promise<Latency> => {
    const { path, remove } = temporaryDirectory();
    await makeRepository(path);
    await capturing.start(path);
    const latency = await measure();
    await capturing.stop();
    await remove();
    return latency;
  };
  tell('warming up, not counted');
  await write(client, root, { ...load, seconds: WARM_UP_SECONDS });
  await captured();
  const load1 = loadAverage();
  const pairs: Pair[] = [];
  for (let index = 0; index < options.pairs; index += 1) {
    const pair: Partial<Pair> = {};
    const sides = [
      async () => (pair.with = await captured()),
      async () => (pair.without = await measure()),
    ];
    for (const side of index % 2 === 0 ? sides : sides.reverse()) await side();
    pairs.push(pair as Pair);
    const { with: one, without: other } = pairs.at(-1)!;
    tell(
      `pair ${index + 1}: p50 ${round(one.p50)} ms captured, ${round(other.p50)} ms not; p99 ${round(one.p99)}, ${round(other.p99)}`,
    );
  }
  await capturing.end();
  await drop();
  report('writeLatencyP50', 'p50', pairs, options, load1);
  report('writeLatencyP99', 'p99', pairs, options, load1);
}

function report(
  figure: string,
  which: keyof Latency,
  pairs: readonly Pair[],
  { rate, pairSeconds }: CostOptions,
  load1: number,
): void {
  const value = median(pairs.map((pair) => pair.with[which]));
  const peerValue = median(pairs.map((pair) => pair.without[which]));
  const ratios = pairs.map((pair) => pair.with[which] / pair.without[which]).sort((a, b) => a - b);
  const ratio = value / peerValue;
  // Of the middle half: one pair that somebody else's work fell into says nothing.
  const spread = percentile(ratios, 0.75) - percentile(ratios, 0.25);
  const pairRatio = median(ratios);
  // Whichever of both says less.
  const difference = Math.min(Math.abs(ratio - 1), Math.abs(pairRatio - 1));
  print({
    bench: 'backup',
    figure,
    value: round(value, 3),
    unit: 'ms',
    vs: 'noCapture',
    ratio: round(ratio, 3),
    peerValue: round(peerValue, 3),
    pairs: pairs.length,
    medianPairRatio: round(pairRatio, 3),
    pairRatios: ratios.map((each) => round(each, 3)),
    spread: round(spread, 3),
    conclusive: spread <= difference,
    rate,
    secondsEach: pairSeconds,
    load1,
  });
}
