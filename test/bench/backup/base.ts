/** How long a base takes until it is durable in a repository, and how much it takes there. */
import { readFileSync } from 'node:fs';
import { runMeasured } from '../child';
import type { ExitReport } from '../measuredExit';
import type { BenchEnsemble } from '../ensemble';
import { median, perSecond, print, round, tell } from '../figure';
import { ensureZkShell, mirror, ZK_SHELL_VERSION } from '../peers/zkShell';
import { DATA_BYTES, PART_NODES, partOf, znodesIn } from '../sampleTree';
import type { BaseArgument, BaseTaken } from './baseChild';
import { makeRepository, temporaryDirectory } from './capturing';
import { loadAverage } from './loadAverage';

type Taken = BaseTaken & ExitReport;

/** `ensemble` has a sample tree of `nodes`, and hardly anything else. */
export async function benchBase(
  ensemble: BenchEnsemble,
  { nodes, rounds }: { nodes: number; rounds: number },
  peer: PeerRate | undefined,
): Promise<void> {
  tell(`base of ${nodes} nodes: warming up, not counted`);
  await takeBase(ensemble, nodes);
  const load1 = loadAverage();
  const taken: Taken[] = [];
  for (let index = 0; index < rounds; index += 1) {
    taken.push(await takeBase(ensemble, nodes));
    tell(`base of ${nodes} nodes: ${round(secondsOf(taken.at(-1)!))} s`);
  }
  report(taken, peer, load1);
}

const secondsOf = ({ snapshotMs, storeMs }: BaseTaken): number => (snapshotMs + storeMs) / 1000;

async function takeBase(ensemble: BenchEnsemble, nodes: number): Promise<Taken> {
  const place = temporaryDirectory();
  const spool = temporaryDirectory();
  await makeRepository(place.path);
  const argument: BaseArgument = {
    servers: ensemble.addresses,
    directory: spool.path,
    place: place.path,
  };
  const { stdout, peakRssBytes, cpuMs } = await runMeasured('test/bench/backup/baseChild.js', [
    JSON.stringify(argument),
  ]);
  await place.remove();
  await spool.remove();
  const taken = JSON.parse(stdout) as BaseTaken;
  if (taken.nodes < znodesIn(nodes))
    throw new Error(`the base has ${taken.nodes} nodes, expected ${znodesIn(nodes)} at least`);
  return { ...taken, peakRssBytes, cpuMs };
}

function report(taken: readonly Taken[], peer: PeerRate | undefined, load1: number): void {
  const seconds = taken.map(secondsOf);
  const value = median(seconds);
  const first = taken[0]!;
  const against = peer && {
    vs: 'zk-shell',
    ratio: round(value / (first.nodes / peer.nodesPerSecond), 5),
    peerValue: round(first.nodes / peer.nodesPerSecond),
    // Of a smaller tree: to wait for it would take the bench an hour.
    isPeerScaled: true,
    peerNodes: peer.nodes,
    peerNodesPerSecond: peer.nodesPerSecond,
    peerVersion: ZK_SHELL_VERSION,
    timesFaster: round(first.nodes / peer.nodesPerSecond / value, 1),
  };
  print({
    bench: 'backup',
    figure: 'baseSeconds',
    value: round(value, 3),
    unit: 's',
    ...against,
    values: seconds.map((each) => round(each, 3)),
    snapshotMs: taken.map(({ snapshotMs }) => round(snapshotMs, 0)),
    storeMs: taken.map(({ storeMs }) => round(storeMs, 0)),
    nodesPerSecond: Math.round(first.nodes / value),
    peakRssBytes: Math.max(...taken.map(({ peakRssBytes }) => peakRssBytes)),
    cpuMs: taken.map(({ cpuMs }) => round(cpuMs, 0)),
    nodes: first.nodes,
    dataBytes: DATA_BYTES,
    load1,
  });
  print({
    bench: 'backup',
    figure: 'baseBytes',
    value: first.bytes,
    unit: 'bytes',
    vs: 'snapshotFile',
    ratio: round(first.bytes / first.plainBytes, 3),
    peerValue: first.plainBytes,
    bytesPerNode: round(first.bytes / first.nodes, 1),
    nodes: first.nodes,
    dataBytes: DATA_BYTES,
  });
}

export interface PeerRate {
  nodes: number;
  nodesPerSecond: number;
}

/** zk-shell's mirror of the tree's first part into a JSON file; undefined where it can't be had. */
export async function peerRate(
  ensemble: BenchEnsemble,
  root: string,
  nodes: number,
): Promise<PeerRate | undefined> {
  const program = await ensureZkShell();
  if (program === undefined) return undefined;
  const { path, remove } = temporaryDirectory();
  const { host, clientPort } = await ensemble.leader();
  const file = `${path}/mirror.json`;
  const mirrored = znodesIn(Math.min(nodes, PART_NODES)) - 1;
  tell(`zk-shell mirrors ${mirrored} nodes into a file`);
  const durationMs = await mirror(
    program,
    `${host}:${clientPort}${partOf(root, 0)}`,
    `json://${file.replaceAll('/', '!')}/mirrored`,
  );
  const written = Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object).length;
  await remove();
  if (written < mirrored) throw new Error(`zk-shell wrote ${written} of ${mirrored} nodes`);
  return { nodes: mirrored, nodesPerSecond: perSecond(mirrored, durationMs) };
}
