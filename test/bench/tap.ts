/**
 * Writes to three servers, followed by the tap in another process: how long after (or before) its writer
 * heard of it a transaction is there, what following costs, and whether it costs the ensemble speed.
 */
import { encodeWrite } from '../../src/codec/clientRequests';
import { RawClient } from '../support/rawClient';
import { atEnd } from './cleanup';
import { machineMs } from './clock';
import { BenchEnsemble } from './ensemble';
import { percentile, print, round, tell } from './figure';
import { Follower } from './follower';
import { benchOptions } from './options';
import { PARENT_NODES, partOf } from './sampleTree';

const DEFAULTS = { rate: 5_000, seconds: 15 };
const ROOT = '/bench';
const DATA = Buffer.alloc(256, 'x');
const MOST_IN_FLIGHT = 500;
const WARM_UP_SECONDS = 5;

interface Written {
  zxids: bigint[];
  sentAt: number[];
  ackedAt: number[];
  perSecond: number;
}

export async function benchTap(args: string[]): Promise<void> {
  const { rate, seconds } = benchOptions(args, DEFAULTS);
  const ensemble = await BenchEnsemble.start('tapped', 3);
  await ensemble.fill(ROOT, PARENT_NODES);
  const client = await RawClient.open(await ensemble.leader());
  atEnd(() => client.drop());
  tell('warming up, not counted');
  await write(client, { seconds: WARM_UP_SECONDS });
  tell(`${seconds} s of writes as fast as they go, without the tap`);
  const before = await write(client, { seconds });
  const follower = await Follower.start(ensemble);
  await write(client, { seconds: WARM_UP_SECONDS });
  tell(`${seconds} s of writes as fast as they go, with the tap`);
  const full = await followed(follower, client, { seconds });
  tell(`${seconds} s of ${rate} writes a second, with the tap`);
  const paced = await followed(follower, client, { seconds, rate });
  await follower.end();
  tell(`${seconds} s of writes as fast as they go, without the tap again`);
  const after = await write(client, { seconds });
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
  const written = await write(client, load);
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

/** Sets the data of one node after the other; `rate` a second, or as fast as it goes. */
async function write(
  client: RawClient,
  { seconds, rate = Infinity }: { seconds: number; rate?: number },
): Promise<Written> {
  const written: Written = { zxids: [], sentAt: [], ackedAt: [], perSecond: 0 };
  const startedAt = machineMs();
  const endsAt = startedAt + seconds * 1000;
  let sent = 0;
  let inFlight = 0;
  await new Promise<void>((resolve, reject) => {
    const one = async (): Promise<void> => {
      const path = `${partOf(ROOT, 0)}/parent-0/node-${sent % PARENT_NODES}`;
      sent += 1;
      inFlight += 1;
      const sentAt = machineMs();
      const { zxid } = await client.exchange('a write', (xid) =>
        encodeWrite(xid, { kind: 'setData', path, data: DATA }),
      );
      written.zxids.push(zxid);
      written.sentAt.push(sentAt);
      written.ackedAt.push(machineMs());
      inFlight -= 1;
      if (rate === Infinity) fill();
      else if (inFlight === 0 && machineMs() >= endsAt) resolve();
    };
    const fill = (): void => {
      const now = machineMs();
      if (now >= endsAt) {
        clearInterval(timer);
        if (inFlight === 0) resolve();
        return;
      }
      const due = ((now - startedAt) / 1000) * rate;
      while (sent < due && inFlight < MOST_IN_FLIGHT) one().catch(reject);
    };
    const timer = setInterval(fill, 1);
    fill();
  });
  written.perSecond = (sent / (machineMs() - startedAt)) * 1000;
  return written;
}
