/** What every demo stands on: an ensemble of its own, Temporal, a worker, and clients whose writes are proven later. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectTemporal, type Temporal } from '../../adapters/temporal/connect';
import { hasWorker } from '../../adapters/temporal/pollers';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import { formatVersion, parseVersion } from '../../model/version';
import { checkLoad, type CheckResult } from '../check/checkLoad';
import { createLab, type Lab, type LabOptions, type LabServer } from '../lab';
import { givenTemporal } from '../givenTemporal';
import { labDown } from '../labCommands';
import { findLabState, writeLabState } from '../labState';
import { startLoad, type LoadHandle } from '../load/startLoad';
import { clientFileOf, LOAD_FOLDER } from '../labInventory';
import { CONNECT_KEY } from '../load/config';
import { srvr } from '../probe';
import { isAlive } from '../processes';
import { startTemporal, stopTemporalProcess } from '../temporalServer';
import { stopIfAborted } from './abort';
import type { Answer, Answers } from './scenarios';
import {
  DEMO_NAME,
  type DemoOptions,
  type DemoPlace,
  type DemoProof,
  type DemoView,
} from './types';
import { startWorker, stopRecordedWorker } from './workerProcess';

/** As the run's own probe counts; shorter silences on a small machine come from its many JVMs sharing the cores. */
const GAP_THRESHOLD_MS = 250;
const CONNECT_DEADLINE_MS = 15_000;
/** A worker polls anew at least once in this time. */
const POLL_MS = 75_000;

export interface Cleanup {
  what: string;
  run: () => Promise<void>;
  /** Also when the rest is kept. */
  always?: boolean;
}

export type Engine = Pick<DemoOptions, 'workerEntry' | 'keep' | 'address'>;

/** `otherRuns`: the other side serves before the run begins. */
export type DemoLab = Omit<LabOptions, 'name'> & { otherRuns?: boolean };

export interface Stage {
  lab: Lab;
  place: DemoPlace;
  temporal: Temporal;
}

/** Plays a demo, and takes down afterwards what it has put into `cleanups`. */
export async function onStage<T extends object>(
  { keep }: Engine,
  view: DemoView,
  signal: AbortSignal,
  play: (cleanups: Cleanup[]) => Promise<T>,
): Promise<T & { kept: boolean }> {
  const cleanups: Cleanup[] = [];
  let kept = false;
  try {
    await clearLeftover();
    const outcome = await play(cleanups);
    kept = keep && !signal.aborted;
    return { ...outcome, kept };
  } finally {
    if (!kept && cleanups.length > 0) view.say('taking everything down');
    await clear(kept ? cleanups.filter(({ always }) => always) : cleanups, view);
  }
}

export async function raiseStage(
  options: Engine,
  { otherRuns, ...own }: DemoLab,
  view: DemoView,
  signal: AbortSignal,
  cleanups: Cleanup[],
): Promise<Stage> {
  const given = await givenTemporal('the demo starts one of its own', options.address);
  const lab = await createLab({ name: DEMO_NAME, ...own, keep: options.keep });
  cleanups.push({ what: 'the lab', run: () => lab.destroy() });
  await lab.start();
  if (otherRuns === true) await lab.startOtherSide();
  stopIfAborted(signal);
  const place = await startEngine(lab, given, options, view, cleanups);
  stopIfAborted(signal);
  const temporal = await connect(place.address);
  cleanups.push({
    what: 'the connection to Temporal',
    run: () => temporal.close(),
    always: true,
  });
  return { lab, place, temporal };
}

const connect = (address: string): Promise<Temporal> =>
  connectTemporal({ address, namespace: 'default', deadlineMs: CONNECT_DEADLINE_MS });

/** A worker with another inventory would take the demo's tasks, and the demo's worker those of others' runs. */
async function refuseForeignWorker(address: string): Promise<void> {
  const temporal = await connect(address);
  try {
    if (await hasWorker(temporal, { withinMs: POLL_MS }))
      throw new ZkferryError(
        'BadUsage',
        `another worker polls at ${address}, or did a minute ago: leave out --address and unset TEMPORAL_ADDRESS, so that the demo starts a Temporal of its own, or stop that worker`,
      );
  } finally {
    await temporal.close();
  }
}

/** Temporal and a worker. Both are recorded with the lab, so that `lab down` can stop them. */
async function startEngine(
  lab: Lab,
  given: string | undefined,
  options: Engine,
  view: DemoView,
  cleanups: Cleanup[],
): Promise<DemoPlace> {
  const { directory, inventoryPath, connectString } = lab;
  const place: DemoPlace = { directory, inventoryPath, connectString, address: given ?? '' };
  if (given !== undefined) {
    await refuseForeignWorker(given);
    view.say(`temporal: the one at ${given}`);
  } else {
    const dbFile = join(directory, 'temporal', 'temporal.db');
    const state = findLabState(DEMO_NAME);
    const server = await startTemporal({
      dbFile,
      onSpawn: ({ address, uiUrl, process }) =>
        state && writeLabState({ ...state, temporal: { address, uiUrl, dbFile, process } }),
    });
    cleanups.push({ what: 'Temporal', run: () => server.stop() });
    Object.assign(place, { address: server.address, uiUrl: server.uiUrl });
    view.say(`temporal: ${server.address}, UI ${server.uiUrl}`);
  }
  cleanups.push({ what: 'the worker', run: () => stopRecordedWorker(directory) });
  await startWorker({ ...place, entry: options.workerEntry });
  view.say('worker: polling');
  view.onPlace(place);
  return place;
}

export interface StageLoad extends Pick<LoadHandle, 'journalPath'> {
  /** Idempotent. */
  stop(): Promise<void>;
}

export async function raiseLoad(lab: Lab, view: DemoView, cleanups: Cleanup[]): Promise<StageLoad> {
  const connectFile = clientFileOf(lab.directory);
  // Clients that are led over by their file know the old side only; others know those that are to come.
  const connectString = lab.otherSide ? addressesOf(lab.members) : addressesOf(lab.servers);
  if (lab.otherSide !== undefined)
    writeFileSync(connectFile, `# of the demo's load\n${CONNECT_KEY}=${connectString}\n`);
  const load = await startLoad({
    connectString,
    directory: join(lab.directory, LOAD_FOLDER),
    ...(lab.otherSide !== undefined && { connectFile }),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= load.stop());
  cleanups.push({ what: 'the load', run: stop, always: true });
  view.say(`load: ${load.stats().clients} clients write, read and hold sessions`);
  return { journalPath: load.journalPath, stop };
}

const addressesOf = (servers: readonly LabServer[]): string =>
  servers.map(({ host, clientPort }) => hostPort(host, clientPort)).join(',');

/** Of a load that has stopped: each member is read back and compared with what was acknowledged. */
export async function proveLoad(
  { journalPath }: StageLoad,
  lab: Lab,
  endsSessions = false,
): Promise<DemoProof> {
  const check = await checkLoad({
    journalPath,
    connectString: lab.connectString,
    gapThresholdMs: GAP_THRESHOLD_MS,
  });
  return {
    ...check,
    ...(endsSessions && withoutSessions(check)),
    gapThresholdMs: GAP_THRESHOLD_MS,
    writeGapsMs: check.writeGapsMs.map((ms) => Math.round(ms)),
    ackLatencyMs: check.ackLatency,
  };
}

const OF_SESSIONS = /^(session lost|ephemeral lost|read went backwards)/;

/** In another ensemble sessions end and zxids begin anew; what a register says must not go back. */
function withoutSessions({ problems, analysis, sessionsLost }: CheckResult) {
  const older = analysis.readsBackwards.filter(({ earlier, later }) => later.value < earlier.value);
  const left = [
    ...problems.filter((problem) => !OF_SESSIONS.test(problem)),
    ...older.map(({ path }) => `an older value of ${path} was read`),
  ];
  return {
    ...{ ok: left.length === 0, problems: left },
    ...{ sessionsLost: 0, sessionsEnded: sessionsLost, ephemeralsLost: 0 },
    readsBackwards: older.length,
  };
}

export async function look(lab: Lab): Promise<{ answers: Answers; epoch: number }> {
  const answers = new Map<string, Answer>();
  let epoch = 0;
  await Promise.all(
    lab.servers.map(async (server) => {
      const answer = await srvr(server, 5_000);
      if (!answer) return;
      const version = parseVersion(answer.version);
      const release = version ? formatVersion(version) : answer.version;
      answers.set(server.name, { ...answer, release });
      // A zxid's upper 32 bits are the epoch of the leader that gave it.
      epoch = Math.max(epoch, Number(BigInt(answer.zxid) >> 32n));
    }),
  );
  return { answers, epoch };
}

/** What a demo left that was killed; one that is up, or was kept, is refused by `createLab`. */
async function clearLeftover(): Promise<void> {
  const state = findLabState(DEMO_NAME);
  if (!state || state.keep || (state.owner && isAlive(state.owner))) return;
  await stopRecordedWorker(state.directory);
  if (state.temporal?.process) await stopTemporalProcess(state.temporal.process);
  await labDown(DEMO_NAME);
}

async function clear(cleanups: Cleanup[], view: DemoView): Promise<void> {
  for (const { what, run } of cleanups.reverse()) {
    try {
      await run();
    } catch (error) {
      view.say(`${what} could not be taken down: ${(error as Error).message}`);
    }
  }
}
