/**
 * A rolling upgrade of three servers under load, by zkferry and by a plain script that takes the servers in
 * order of their ids and goes on as soon as each answers `srvr` with a mode. Same ensemble, same load, in
 * pairs whose order alternates; the leader's position is rotated evenly.
 */
import { readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { checkLoad } from '../../src/lab/check/checkLoad';
import { Harness } from '../support/harness';
import { until } from '../support/until';
import { median, print, round } from './figure';

const FROM = '3.8.4';
const TO = '3.9.6';
const PAIRS_A_POSITION = 2;
/** Shorter silences come from two cores shared by five JVMs, whoever upgrades. */
const GAP_THRESHOLD_MS = 200;

interface Outcome {
  leaderRestarts: number;
  gapCount: number;
  gapTotalMs: number;
  lostWrites: number;
}

type Upgrade = (harness: Harness) => Promise<number>;

export async function benchUpgrade(args: string[]): Promise<void> {
  const pairsAPosition = args[0] === undefined ? PAIRS_A_POSITION : Number(args[0]);
  const harness = await Harness.create({ name: 'bench', version: FROM, servers: 3 });
  try {
    await stageTarget(harness);
    const pairs: { position: string; zkferry: Outcome; script: Outcome }[] = [];
    for (let round = 0; round < pairsAPosition; round++)
      for (const { name: position } of harness.lab.members) {
        const first = pairs.length % 2 === 0;
        const a = await measure(harness, position, first ? byZkferry : byScript);
        const b = await measure(harness, position, first ? byScript : byZkferry);
        const [zkferry, script] = first ? [a, b] : [b, a];
        pairs.push({ position, zkferry, script });
        process.stderr.write(`pair ${pairs.length}: ${JSON.stringify(pairs.at(-1))}\n`);
      }
    report(pairs);
  } finally {
    await harness.destroy();
  }
}

function report(pairs: { position: string; zkferry: Outcome; script: Outcome }[]): void {
  const figures = [
    ['leaderRestarts', 'restarts', 'leaderRestarts'],
    ['writeGapCount', 'gaps', 'gapCount'],
    ['writeGapTotalMs', 'ms', 'gapTotalMs'],
  ] as const;
  for (const [figure, unit, field] of figures) {
    const own = pairs.map(({ zkferry }) => zkferry[field]);
    const peer = pairs.map(({ script }) => script[field]);
    const ratios = pairs.map(({ zkferry, script }) => zkferry[field] / script[field]);
    print({
      bench: 'upgrade',
      figure,
      value: round(median(own)),
      unit,
      vs: 'script',
      ratio: round(median(ratios)),
      peerValue: round(median(peer)),
      values: own.map((value) => round(value)),
      peerValues: peer.map((value) => round(value)),
      ratios: ratios.map((value) => round(value)),
      pairs: pairs.length,
      lostWrites: pairs.reduce((sum, { zkferry }) => sum + zkferry.lostWrites, 0),
    });
  }
}

async function measure(harness: Harness, leader: string, upgrade: Upgrade): Promise<Outcome> {
  await reset(harness, leader);
  const load = await harness.startLoad();
  const leaderRestarts = await upgrade(harness);
  await load.stop();
  const check = await checkLoad({
    journalPath: load.journalPath,
    connectString: harness.lab.connectString,
    gapThresholdMs: GAP_THRESHOLD_MS,
  });
  return {
    leaderRestarts,
    gapCount: check.writeGapsMs.length,
    gapTotalMs: check.totalGapMs,
    lostWrites: check.lostWrites,
  };
}

async function byZkferry(harness: Harness): Promise<number> {
  const run = await harness.upgrade({ version: TO });
  return (await run.report()).leaderRestarts;
}

async function byScript(harness: Harness): Promise<number> {
  const zookeeper = createZooKeeperAdapter();
  let leaderRestarts = 0;
  for (const server of harness.lab.members) {
    if ((await harness.lab.leader()) === server.name) leaderRestarts += 1;
    await harness.lab.stopServer(server.name);
    use(server.directory, TO);
    await harness.lab.startServer(server.name);
    await until(
      `${server.name} to answer srvr`,
      async () => ((await zookeeper.probe(server)).state === 'serving' ? true : undefined),
      60_000,
      200,
    );
  }
  return leaderRestarts;
}

/** Both versions lie unpacked on every host before anything is measured. */
async function stageTarget(harness: Harness): Promise<void> {
  const run = await harness.upgrade({ version: TO });
  await run.report();
}

/** All servers on the old version again, the given one leading. */
async function reset(harness: Harness, leader: string): Promise<void> {
  const { lab } = harness;
  for (const { name } of lab.members) await lab.stopServer(name);
  for (const { directory } of lab.members) use(directory, FROM);
  for (const { name } of lab.members) await lab.startServer(name);
  await lab.waitServing();
  await lab.moveLeaderTo(leader);
}

/** As an operator's script does: the link to the release is replaced by another. */
function use(directory: string, version: string): void {
  const current = join(directory, 'opt', 'zookeeper', 'current');
  const target = readlinkSync(current).replace(/\d+\.\d+\.\d+/, version);
  symlinkSync(target, `${current}.new`);
  renameSync(`${current}.new`, current);
}
