/**
 * The demo: a real upgrade of a real ensemble under load, proven afterwards.
 *
 *   1. lab       a ZooKeeper ensemble of the old version, each server a host of its own with sshd
 *   2. temporal  a development server with its UI, and a worker
 *   3. load      clients that write, hold sessions, and record every acknowledgement
 *   4. plan      made by the worker, shown
 *   5. run       rollingUpgrade; its gates are approved visibly
 *   6. proof     the load stops; every member is read back and compared with what was acknowledged
 *   7. clear     everything is taken down, unless it is to be kept
 */
import { join } from 'node:path';
import { connectTemporal, type Temporal } from '../../adapters/temporal/connect';
import {
  hasWorker,
  planStrategy,
  startStrategy,
  workflowIdFor,
} from '../../adapters/temporal/runs';
import { ZkferryError } from '../../model/errors';
import type { Plan } from '../../model/plan';
import { parseVersion, formatVersion } from '../../model/version';
import { ensureArchive } from '../bootstrap';
import { checkLoad } from '../check/checkLoad';
import { createLab, type Lab } from '../lab';
import { labDown } from '../labCommands';
import { findLabState, writeLabState } from '../labState';
import { startLoad } from '../load/startLoad';
import { srvr } from '../probe';
import { isAlive } from '../processes';
import { startTemporal, stopTemporalProcess } from '../temporalServer';
import { driveRun } from './driveRun';
import {
  DEMO_NAME,
  type DemoOptions,
  type DemoOutcome,
  type DemoPlace,
  type DemoView,
} from './types';
import { problemsOf } from './verdict';
import { startWorker, stopRecordedWorker } from './workerProcess';

/** As the run's own probe counts; shorter silences on a small machine come from its many JVMs sharing the cores. */
const GAP_THRESHOLD_MS = 250;
const PLAN_DEADLINE_MS = 180_000;
const CONNECT_DEADLINE_MS = 15_000;
/** A worker polls anew at least once in this time. */
const POLL_MS = 75_000;

interface Cleanup {
  what: string;
  run: () => Promise<void>;
  /** Also when the rest is kept. */
  always?: boolean;
}

/**
 * @param signal ends the demo early: everything is taken down, even with `keep`
 * @throws EnsembleHeld when a demo is up already; whatever kept it from starting
 */
export async function runDemo(
  options: DemoOptions,
  view: DemoView,
  signal: AbortSignal,
): Promise<DemoOutcome> {
  const cleanups: Cleanup[] = [];
  let kept = false;
  try {
    const outcome = await stages(options, view, signal, cleanups);
    kept = options.keep && !signal.aborted;
    return { ...outcome, kept };
  } finally {
    if (!kept && cleanups.length > 0) view.say('taking everything down');
    await clear(kept ? cleanups.filter(({ always }) => always) : cleanups, view);
  }
}

async function stages(
  options: DemoOptions,
  view: DemoView,
  signal: AbortSignal,
  cleanups: Cleanup[],
): Promise<Omit<DemoOutcome, 'kept'>> {
  const { fromVersion, toVersion } = options;
  await clearLeftover();
  view.say(`lab: ${options.servers} servers of ZooKeeper ${fromVersion}`);
  await ensureArchive(toVersion);
  const lab = await startLab(options, cleanups);
  stopIfAborted(signal);
  const place = await startEngine(lab, options, view, cleanups);
  stopIfAborted(signal);
  const temporal = await connectTemporal({
    address: place.address,
    namespace: 'default',
    deadlineMs: CONNECT_DEADLINE_MS,
  });
  cleanups.push({
    what: 'the connection to Temporal',
    run: () => temporal.close(),
    always: true,
  });

  const before = await look(lab);
  const load = await startLoad({
    connectString: lab.connectString,
    directory: join(lab.directory, 'load'),
  });
  let stopped: Promise<void> | undefined;
  const stopLoad = () => (stopped ??= load.stop());
  cleanups.push({ what: 'the load', run: stopLoad, always: true });
  view.say(`load: ${load.stats().clients} clients write, read and hold sessions`);

  const input = {
    ensemble: DEMO_NAME,
    target: { version: toVersion },
    requestedBy: 'demo',
    ...(options.soakMs === undefined ? {} : { soakMs: options.soakMs }),
  };
  const plan = await unlessAborted(makePlan(temporal, input, view), signal);
  view.onPlan(plan);
  const { workflowId } = await startStrategy(temporal, {
    workflowType: 'rollingUpgrade',
    workflowId: workflowIdFor('upgrade', DEMO_NAME, new Date()),
    input,
    summary: `demo: ${fromVersion} to ${toVersion}`,
  });
  const startedAt = performance.now();
  const driven = await driveRun(temporal, workflowId, options.gates, view, signal);
  const durationMs = Math.round(performance.now() - startedAt);

  await stopLoad();
  view.say('load stopped; reading every member back');
  const after = await look(lab);
  const check = await checkLoad({
    journalPath: load.journalPath,
    gapThresholdMs: GAP_THRESHOLD_MS,
  });
  const proof = {
    ...check,
    gapThresholdMs: GAP_THRESHOLD_MS,
    writeGapsMs: check.writeGapsMs.map((ms) => Math.round(ms)),
    ackLatencyMs: check.ackLatency,
  };
  const versions = lab.members.map(({ name }) => ({
    server: name,
    before: before.versions[name] ?? 'unknown',
    after: after.versions[name] ?? 'not serving',
  }));
  const { report, failure } = driven;
  const problems = problemsOf({ toVersion, versions, plan, proof, report, failure });
  return {
    ok: problems.length === 0,
    ...{ fromVersion, toVersion, workflowId, versions, plan, proof, report },
    elections: after.epoch - before.epoch,
    ...{ durationMs, problems, place },
  };
}

async function startLab(options: DemoOptions, cleanups: Cleanup[]): Promise<Lab> {
  const lab = await createLab({
    name: DEMO_NAME,
    version: options.fromVersion,
    servers: options.servers,
    keep: options.keep,
  });
  cleanups.push({ what: 'the lab', run: () => lab.destroy() });
  await lab.start();
  return lab;
}

/** Temporal and a worker. Both are recorded with the lab, so that `lab down` can stop them. */
/** A worker with another inventory would take the demo's tasks, and the demo's worker those of others' runs. */
async function refuseForeignWorker(address: string): Promise<void> {
  const temporal = await connectTemporal({
    address,
    namespace: 'default',
    deadlineMs: CONNECT_DEADLINE_MS,
  });
  try {
    if (await hasWorker(temporal, { withinMs: POLL_MS }))
      throw new ZkferryError(
        'BadUsage',
        `another worker polls at ${address} (TEMPORAL_ADDRESS), or did a minute ago: unset TEMPORAL_ADDRESS, so that the demo starts a Temporal of its own, or stop that worker`,
      );
  } finally {
    await temporal.close();
  }
}

async function startEngine(
  lab: Lab,
  options: DemoOptions,
  view: DemoView,
  cleanups: Cleanup[],
): Promise<DemoPlace> {
  const given = process.env.TEMPORAL_ADDRESS;
  const { directory, inventoryPath, connectString } = lab;
  const place: DemoPlace = { directory, inventoryPath, connectString, address: given ?? '' };
  if (given) {
    await refuseForeignWorker(given);
    view.say(`temporal: the one at ${given} (TEMPORAL_ADDRESS)`);
  } else {
    const dbFile = join(directory, 'temporal', 'temporal.db');
    const server = await startTemporal({ dbFile });
    cleanups.push({ what: 'Temporal', run: () => server.stop() });
    const state = findLabState(DEMO_NAME);
    if (state) {
      const { address, uiUrl, process } = server;
      writeLabState({ ...state, temporal: { address, uiUrl, dbFile, process } });
    }
    Object.assign(place, { address: server.address, uiUrl: server.uiUrl });
    view.say(`temporal: ${server.address}, UI ${server.uiUrl}`);
  }
  cleanups.push({ what: 'the worker', run: () => stopRecordedWorker(directory) });
  await startWorker({ ...place, entry: options.workerEntry });
  view.say('worker: polling');
  view.onPlace(place);
  return place;
}

/** The versions on the way are known only from the plan; the archives missing for it are fetched, then it is made again. */
async function makePlan(temporal: Temporal, input: object, view: DemoView): Promise<Plan> {
  const ask = () =>
    planStrategy(temporal, {
      workflowType: 'rollingUpgrade',
      workflowId: workflowIdFor(
        `plan-${Math.random().toString(36).slice(2, 8)}`,
        DEMO_NAME,
        new Date(),
      ),
      input,
      timeoutMs: PLAN_DEADLINE_MS,
    });
  const plan = await ask();
  if (!plan.findings.some(({ severity }) => severity === 'error')) return plan;
  for (const { to } of plan.hops) {
    view.say(`release ${to}: making sure it is there`);
    await ensureArchive(to);
  }
  return ask();
}

async function look(lab: Lab): Promise<{ versions: Record<string, string>; epoch: number }> {
  const versions: Record<string, string> = {};
  let epoch = 0;
  await Promise.all(
    lab.members.map(async (server) => {
      const answer = await srvr(server, 5_000);
      if (!answer) return;
      const version = parseVersion(answer.version);
      versions[server.name] = version ? formatVersion(version) : answer.version;
      // A zxid's upper 32 bits are the epoch of the leader that gave it.
      epoch = Math.max(epoch, Number(BigInt(answer.zxid) >> 32n));
    }),
  );
  return { versions, epoch };
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

/** The work itself goes on; whoever waited for it does not. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(interrupted());
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

const interrupted = (): ZkferryError =>
  new ZkferryError('Interrupted', 'the demo was stopped before its end');
