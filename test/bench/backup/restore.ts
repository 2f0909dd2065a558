/** How long it takes from a repository to a server, or an ensemble, that serves what was in it. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPaths } from '../../../src/lab/hostFiles';
import { RawClient } from '../../support/rawClient';
import { atEnd } from '../cleanup';
import { runMeasured } from '../child';
import type { ExitReport } from '../measuredExit';
import { BenchEnsemble, VERSION } from '../ensemble';
import { print, round, tell } from '../figure';
import { write } from '../pacedWriter';
import { DATA_BYTES, znodesIn } from '../sampleTree';
import { Capturing, makeRepository, temporaryDirectory } from './capturing';
import { loadAverage } from './loadAverage';
import type { RestoreArgument, Restored } from './restoreChild';

/** Of writes after the base, as fast as they go. */
const LOG_SECONDS = 10;
const SERVERS = 3;

export interface Backup {
  place: string;
  /** Data nodes of the sample tree in it. */
  nodes: number;
  remove: () => Promise<void>;
}

/** A base of the sample tree of `nodes` in `ensemble`, and a log after it. */
export async function backUp(
  ensemble: BenchEnsemble,
  root: string,
  nodes: number,
): Promise<Backup> {
  tell(`a backup of ${nodes} nodes, and ${LOG_SECONDS} s of writes after it`);
  const { path, remove } = temporaryDirectory();
  await makeRepository(path);
  const capturing = new Capturing(ensemble);
  await capturing.start(path);
  const client = await RawClient.open(await ensemble.leader());
  const drop = atEnd(() => client.drop());
  await write(client, root, { seconds: LOG_SECONDS });
  await drop();
  await capturing.stop();
  await capturing.end();
  return { place: path, nodes, remove };
}

type Measured = Restored & ExitReport;

/** One server on what is restored in either way, then three. `heapMb`: of each of these. */
export async function benchRestore(backup: Backup, heapMb: number): Promise<void> {
  const lab = await BenchEnsemble.create('restored', SERVERS, heapMb);
  try {
    const releaseDirectory = hostPaths(lab.lab.members[0]!.directory).current;
    for (const way of ['exact', 'clean'] as const) {
      tell(`${way} restore of ${backup.nodes} nodes to one server`);
      const load1 = loadAverage();
      const { path, remove } = temporaryDirectory();
      const restored = await restore(backup, { way, directory: path, releaseDirectory });
      await remove();
      report(backup, { way, servers: 1, load1, restored });
    }
    await toEnsemble(backup, lab);
  } finally {
    await lab.destroy();
  }
}

/** As a whole ensemble is restored: the same files for every member. */
async function toEnsemble(backup: Backup, lab: BenchEnsemble): Promise<void> {
  tell(`clean restore of ${backup.nodes} nodes to ${SERVERS} servers`);
  const load1 = loadAverage();
  const { path, remove } = temporaryDirectory();
  const restored = await restore(backup, { way: 'clean', directory: path });
  const placing = performance.now();
  for (const { directory } of lab.lab.members)
    await cp(join(path, 'data', 'version-2'), join(hostPaths(directory).data, 'version-2'), {
      recursive: true,
    });
  const placeMs = performance.now() - placing;
  await lab.start();
  const serveMs = performance.now() - placing - placeMs;
  const nodes = await lab.znodes();
  await remove();
  report(backup, {
    ...{ way: 'clean', servers: SERVERS, load1 },
    restored: { ...restored, serveMs, nodes },
    placeMs,
  });
}

async function restore(
  { place }: Backup,
  options: Omit<RestoreArgument, 'place' | 'version'>,
): Promise<Measured> {
  const argument: RestoreArgument = { place, version: VERSION, ...options };
  const { stdout, peakRssBytes, cpuMs } = await runMeasured('test/bench/backup/restoreChild.js', [
    JSON.stringify(argument),
  ]);
  return { ...(JSON.parse(stdout) as Restored), peakRssBytes, cpuMs };
}

function report(
  { nodes }: Backup,
  {
    way,
    servers,
    load1,
    restored,
    placeMs = 0,
  }: {
    way: RestoreArgument['way'];
    servers: number;
    load1: number;
    restored: Measured;
    placeMs?: number;
  },
): void {
  if (restored.nodes < znodesIn(nodes))
    throw new Error(`${restored.nodes} nodes are served, expected ${znodesIn(nodes)} at least`);
  const { fetchMs, writeMs, serveMs, transactions, peakRssBytes, cpuMs } = restored;
  print({
    bench: 'backup',
    figure: 'restoreSeconds',
    value: round((fetchMs + writeMs + placeMs + serveMs) / 1000),
    unit: 's',
    ...{ way, servers },
    fetchMs: round(fetchMs, 0),
    writeMs: round(writeMs, 0),
    ...(placeMs > 0 && { placeMs: round(placeMs, 0) }),
    serveMs: round(serveMs, 0),
    peakRssBytes,
    // Without the server's.
    cpuMs: round(cpuMs, 0),
    transactions,
    nodes: restored.nodes,
    dataBytes: DATA_BYTES,
    load1,
  });
}
