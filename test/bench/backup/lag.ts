/** How far a hot backup is behind: from a write's acknowledgement to its being durable in the repository. */
import { S3_CREDENTIALS, startS3 } from '../../support/stores';
import type { Encryption } from '../../../src/model/repository';
import { RawClient } from '../../support/rawClient';
import { atEnd } from '../cleanup';
import type { BenchEnsemble } from '../ensemble';
import { percentile, print, round, tell } from '../figure';
import { write, type Written } from '../pacedWriter';
import type { Captured } from './captureChild';
import { Capturing, makeRepository, temporaryDirectory } from './capturing';
import { loadAverage } from './loadAverage';

const RATES = [1_000, 5_000];
const S3_RATE = 1_000;
const WARM_UP_SECONDS = 5;

interface Case {
  store: 'directory' | 's3';
  encryption: Encryption['kind'];
  rate: number;
}

const CASES: Case[] = [
  ...RATES.map((rate): Case => ({ store: 'directory', encryption: 'none', rate })),
  ...RATES.map((rate): Case => ({ store: 'directory', encryption: 'age', rate })),
  { store: 's3', encryption: 'none', rate: S3_RATE },
];

/** `root`: of a sample tree in `ensemble`. */
export async function benchLag(
  ensemble: BenchEnsemble,
  root: string,
  seconds: number,
): Promise<void> {
  const client = await RawClient.open(await ensemble.leader());
  const drop = atEnd(() => client.drop());
  tell('warming up, not counted');
  await write(client, root, { seconds: WARM_UP_SECONDS });
  for (const each of CASES)
    await inPlace(each, async (place) => {
      const { store, encryption, rate } = each;
      tell(`${seconds} s of ${rate} writes a second into ${store}, encryption ${encryption}`);
      const capturing = new Capturing(ensemble);
      await capturing.start(place);
      await write(client, root, { seconds: WARM_UP_SECONDS, rate });
      const load1 = loadAverage();
      await capturing.begin();
      const written = await write(client, root, { seconds, rate });
      report(each, written, await capturing.upTo(written.zxids.at(-1)!), load1);
      await capturing.stop();
      await capturing.end();
    });
  await drop();
}

/** A new repository of that kind, which is gone afterwards. */
async function inPlace(
  { store, encryption }: Case,
  work: (place: string) => Promise<void>,
): Promise<void> {
  if (store === 'directory') {
    const { path, remove } = temporaryDirectory();
    await makeRepository(path, encryption);
    await work(path);
    await remove();
    return;
  }
  const server = await startS3();
  const close = atEnd(() => server.close());
  const { bucket, endpoint } = server.place;
  // Inherited by the process that captures.
  process.env.AWS_ACCESS_KEY_ID = S3_CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = S3_CREDENTIALS.secretAccessKey;
  const place = `s3://${bucket}/bench?endpoint=${encodeURIComponent(endpoint!)}&pathStyle=true`;
  await makeRepository(place, encryption);
  await work(place);
  await close();
}

function report(
  { store, encryption, rate }: Case,
  written: Written,
  captured: Captured,
  load1: number,
): void {
  const { zxids, receivedAt, durableAt, cpuMs, storedBytes, segments } = captured;
  const indexOf = new Map(Array.from(zxids, (zxid, index) => [zxid, index]));
  const missing = written.zxids.filter((zxid) => !indexOf.has(zxid)).length;
  if (missing > 0) throw new Error(`the capture lacks ${missing} acknowledged transactions`);
  const since = (fromAt: (transaction: number, place: number) => number): Float64Array =>
    Float64Array.from(written.zxids, (zxid, transaction) => {
      const place = indexOf.get(zxid)!;
      return durableAt[place]! - fromAt(transaction, place);
    }).sort();
  const sinceAck = since((transaction) => written.ackedAt[transaction]!);
  const sinceSent = since((transaction) => written.sentAt[transaction]!);
  const sinceArrival = since((_, place) => receivedAt[place]!);
  for (const [figure, share] of [
    ['lagP50Ms', 0.5],
    ['lagP99Ms', 0.99],
  ] as const)
    print({
      bench: 'backup',
      figure,
      value: round(percentile(sinceAck, share)),
      unit: 'ms',
      ...{ store, encryption, rate },
      sinceArrivalMs: round(percentile(sinceArrival, share)),
      sinceSentMs: round(percentile(sinceSent, share)),
      maxMs: round(percentile(sinceAck, 1)),
      transactions: sinceAck.length,
      perSecond: round(written.perSecond, 0),
      ...{ segments, storedBytes },
      cpuSecondsPer1000Txns: round(cpuMs / sinceAck.length, 4),
      load1,
    });
}
