/**
 * Writes to three servers, followed by the tap in another process: how long after (or before) its writer
 * heard of it a transaction is there, what following costs, and whether it costs the ensemble speed.
 */
import { RawClient } from '../support/rawClient';
import { atEnd } from './cleanup';
import { BenchEnsemble } from './ensemble';
import { percentile, print, round, tell } from './figure';
import { Follower } from './follower';
import { benchOptions } from './options';
import { write } from './pacedWriter';
import { PARENT_NODES } from './sampleTree';

const DEFAULTS = { rate: 5_000, seconds: 15 };
const ROOT = '/bench';
const WARM_UP_SECONDS = 5;

export async function benchTap(args: string[]): Promise<void> {
  const { rate, seconds } = benchOptions(args, DEFAULTS);
  const ensemble = await BenchEnsemble.start('tapped', 3);
  await ensemble.fill(ROOT, PARENT_NODES);
  const client = await RawClient.open(await ensemble.leader());
  atEnd(() => client.drop());
  tell('warming up, not counted');
  await write(client, ROOT, { seconds: WARM_UP_SECONDS });
  tell(`${seconds} s of writes as fast as they go, without the tap`);
  const before = await write(client, ROOT, { seconds });
  const follower = await Follower.start(ensemble);
  await write(client, ROOT, { seconds: WARM_UP_SECONDS });
  tell(`${seconds} s of writes as fast as they go, with the tap`);
  const full = await followed(follower, client, { seconds });
  tell(`${seconds} s of ${rate} writes a second, with the tap`);
  const paced = await followed(follower, client, { seconds, rate });
  await follower.end();
  tell(`${seconds} s of writes as fast as they go, without the tap again`);
  const after = await write(client, ROOT, { seconds });
  report([before.perSecond, after.perSecond], full, paced, rate);
}

function report(alone: number[], full: Outcome, paced: Outcome, rate: number): void {
  for (const [figure, share] of [
    ['lagP50Ms', 0.5],
    ['lagP99Ms', 0.99],
  ] as const)
    print({
      bench: 'tap',
      figure,
      value: round(percentile(paced.lagMs, share)),
      unit: 'ms',
      sinceSentMs: round(percentile(paced.sinceSentMs, share)),
      atFullSpeedMs: round(percentile(full.lagMs, share)),
      sinceSentAtFullSpeedMs: round(percentile(full.sinceSentMs, share)),
      writesPerSecond: round(paced.perSecond, 0),
      askedPerSecond: rate,
      transactions: paced.lagMs.length,
    });
  print({
    bench: 'tap',
    figure: 'transactionsPerSecond',
    value: round(full.perSecond, 0),
    unit: 'txns/s',
    vs: 'noTap',
    ratio: round(full.perSecond / Math.max(...alone)),
    peerValue: round(Math.max(...alone), 0),
    peerValues: alone.map((value) => round(value, 0)),
    transactions: full.lagMs.length,
  });
  print({
    bench: 'tap',
    figure: 'cpuSecondsPer1000Txns',
    value: round(full.cpuMs / full.lagMs.length, 4),
    unit: 's',
    paced: round(paced.cpuMs / paced.lagMs.length, 4),
  });
}

interface Outcome {
  /** Received less acknowledged, ascending: negative where the tap was first. */
  lagMs: Float64Array;
  /** Received less sent, ascending. */
  sinceSentMs: Float64Array;
  perSecond: number;
  cpuMs: number;
}

async function followed(
  follower: Follower,
  client: RawClient,
  load: { seconds: number; rate?: number },
): Promise<Outcome> {
  await follower.begin();
  const written = await write(client, ROOT, load);
  const { zxids, receivedAt, cpuMs } = await follower.upTo(written.zxids.at(-1)!);
  const came = new Map(Array.from(zxids, (zxid, index) => [zxid, receivedAt[index]!]));
  const missing = written.zxids.filter((zxid) => !came.has(zxid)).length;
  if (missing > 0) throw new Error(`the tap lacks ${missing} acknowledged transactions`);
  const less = (times: number[]) =>
    Float64Array.from(times, (time, index) => came.get(written.zxids[index]!)! - time).sort();
  return {
    lagMs: less(written.ackedAt),
    sinceSentMs: less(written.sentAt),
    perSecond: written.perSecond,
    cpuMs,
  };
}
