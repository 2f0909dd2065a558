/**
 * The demo of a hot backup: a real ensemble under load is captured, a subtree of it is deleted "by mistake", found in the
 * history, and brought back as it was the moment before; all the while the load goes on, and is proven afterwards.
 */
import { join } from 'node:path';
import { DirectoryStore } from '../../../adapters/repository/directoryStore';
import { openRepository } from '../../../adapters/repository/openRepository';
import type { Repository } from '../../../adapters/repository/repository';
import { startStrategy, workflowIdFor } from '../../../adapters/temporal/startRun';
import type { Lab } from '../../lab';
import { LAB_REPOSITORY } from '../../labInventory';
import { waitUntil } from '../../processes';
import { unlessAborted } from '../abort';
import {
  look,
  onStage,
  proveLoad,
  raiseLoad,
  raiseStage,
  type Cleanup,
  type Stage,
} from '../stage';
import {
  DEMO_NAME,
  type BackupDemoOptions,
  type BackupDemoOutcome,
  type DemoView,
  type Mistake,
} from '../types';
import { bringBack } from './bringBack';
import { findMistake } from './findMistake';
import { followCapture, type FollowedCapture } from './followCapture';
import { buildShop, deleteAll, enterShop, newCredential, SHOP, trade } from './shop';
import { backupProblems } from './verdict';

/** Of the load and the shop together: some seconds of capture to look back at. */
const LEAST_TXNS = 1_500;
const CAPTURE_DEADLINE_MS = 120_000;
/** A piece becomes durable within milliseconds; this is for a machine that is busy. */
const FIND_DEADLINE_MS = 30_000;

/**
 * @param signal ends the demo early: everything is taken down, even with `keep`
 * @throws EnsembleHeld when a demo is up already; whatever kept it from starting, or the restore from succeeding
 */
export const runBackupDemo = (
  options: BackupDemoOptions,
  view: DemoView,
  signal: AbortSignal,
): Promise<BackupDemoOutcome> =>
  onStage(options, view, signal, (cleanups) => play(options, view, signal, cleanups));

async function play(
  options: BackupDemoOptions,
  view: DemoView,
  signal: AbortSignal,
  cleanups: Cleanup[],
): Promise<Omit<BackupDemoOutcome, 'kept'>> {
  const { version, servers } = options;
  view.say(`lab: ${servers} servers of ZooKeeper ${version}`);
  const stage = await raiseStage(options, { version, servers }, view, signal, cleanups);
  const { lab, place } = stage;
  const before = await look(lab);
  const load = await raiseLoad(lab, view, cleanups);
  const credential = newCredential();
  await asClient(lab, credential, (session) => buildShop(session, credential));

  const startedAt = performance.now();
  const run = await startCapture(stage, view, signal);
  const { workflowId } = run;
  await run.until(
    'a base',
    ({ lastBase, storingBase }) => lastBase !== undefined && storingBase !== true,
    CAPTURE_DEADLINE_MS,
  );
  await asClient(lab, credential, (session) => trade(session, credential));
  await run.until(
    'transactions enough to look back at',
    ({ txns = 0 }) => txns >= LEAST_TXNS,
    CAPTURE_DEADLINE_MS,
  );

  const repository = await openRepository(new DirectoryStore(join(lab.directory, LAB_REPOSITORY)));
  const deleted = await asClient(lab, credential, (session) => deleteAll(session, SHOP));
  view.say(`mistake: a client has deleted ${SHOP}, ${deleted} znodes`);
  const mistake = await unlessAborted(find(repository, lab, signal), signal);
  const { session, time, firstZxid } = mistake;
  view.say(
    `found: session ${session} began at ${time}, with ${firstZxid}, in ${mistake.foundInMs} ms`,
  );
  const broughtBack = await unlessAborted(bringBack(repository, lab, mistake, signal), signal);
  const { nodes, asOf, differences } = broughtBack;
  view.say(`restored: ${nodes} znodes as of ${asOf}; differences from then: ${differences}`);

  const end = await run.stop();
  const durationMs = Math.round(performance.now() - startedAt);
  view.say(`hot backup stopped, all sealed, in ${end.stopMs} ms`);
  await load.stop();
  view.say('load stopped; reading every member back');
  const after = await look(lab);
  const proof = await proveLoad(load, lab);
  const contents = await repository.contents(lab.name);
  const evidence = { deleted, mistake, broughtBack, proof, contents, failure: end.failure };
  const problems = backupProblems(evidence);
  return {
    ok: problems.length === 0,
    ...{ version, servers, workflowId, captured: end.captured, mistake, broughtBack },
    ...{ stopMs: end.stopMs, proof, elections: after.epoch - before.epoch },
    ...{ durationMs, problems, place },
  };
}

async function asClient<T>(
  lab: Lab,
  credential: string,
  work: (session: Awaited<ReturnType<typeof enterShop>>) => Promise<T>,
): Promise<T> {
  const session = await enterShop(lab, credential);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

async function startCapture(
  { temporal }: Stage,
  view: DemoView,
  signal: AbortSignal,
): Promise<FollowedCapture> {
  const { workflowId } = await startStrategy(temporal, {
    workflowType: 'hotBackup',
    workflowId: workflowIdFor(temporal, 'backup', DEMO_NAME, new Date()),
    input: { ensemble: DEMO_NAME, repository: LAB_REPOSITORY, requestedBy: 'demo' },
    summary: `demo: hot backup into ${LAB_REPOSITORY}`,
  });
  view.say(`hot backup: ${workflowId}`);
  return followCapture(temporal, workflowId, view, signal);
}

async function find(repository: Repository, lab: Lab, signal: AbortSignal): Promise<Mistake> {
  const begun = performance.now();
  let found: Omit<Mistake, 'foundInMs'> | undefined;
  await waitUntil(
    async () => {
      found = await findMistake(repository, lab.name, SHOP, signal);
      return found !== undefined;
    },
    FIND_DEADLINE_MS,
    `the repository to have the deletion of ${SHOP}`,
  );
  return { ...found!, foundInMs: Math.round(performance.now() - begun) };
}
