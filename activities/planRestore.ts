/** Planning activities of a restore: what the repository has, what the ensemble is, then pure functions decide. */
import { lastDrill } from '../src/adapters/repository/drills';
import { chooseFrom } from '../src/adapters/restore/fromRepository';
import type { RestoreBackupInput } from '../src/model/backupInputs';
import { ZkferryError } from '../src/model/errors';
import type { EnsembleFacts } from '../src/model/facts';
import type { RestorePoint } from '../src/model/plan';
import type { OperationContext } from '../src/model/ports';
import { compareVersions } from '../src/model/version';
import { newestKnown } from '../src/planning/backup/gaps';
import { zxidText, zxidValue } from '../src/model/zxid';
import { rangeFindings } from '../src/planning/backup/restorable';
import { standsAlone } from '../src/planning/backup/standAlone';
import { parseTarget, type Target } from '../src/planning/backup/target';
import { isServing } from '../src/planning/members';
import { highestSeen, type BackupFacts } from '../src/planning/restore/restoreFindings';
import {
  planRestore,
  planRestoreBack,
  type RestoreFrame,
} from '../src/planning/restore/restorePlan';
import { higherEpoch } from '../src/tree/restore/epoch';
import type { BackupActivities, PlanRestoreArgs } from './api';
import { openPoint, type OpenedPoint } from './backup/restorePoint';
import { backupOf, type Dependencies } from './dependencies';
import { othersLock } from './lock';
import { observationOf } from './observation';
import { observeEnsemble } from './observe/observeEnsemble';
import { operation } from './operation';
import { resolveTarget } from './resolve';

const NOTHING_KNOWN: BackupFacts = { members: [], plainBytes: 0, findings: [] };

type PlanActivities = Pick<BackupActivities, 'planRestore' | 'planRestoreBack'>;

export function restorePlanActivities(dependencies: Dependencies): PlanActivities {
  const look = async (
    { input, point: pinned, run }: PlanRestoreArgs,
    context: OperationContext,
  ) => {
    const ensemble = await resolveTarget(dependencies, { ensemble: input.to.ensemble });
    const facts = await observeEnsemble(dependencies, ensemble, { depth: 'full', context });
    const opened =
      pinned === undefined
        ? await chooseNow(dependencies, input, context)
        : await openPoint(dependencies, pinned, context);
    const point = pinned ?? pinPoint(input, facts, opened);
    const frame: RestoreFrame = {
      ...{ input, point },
      backup: await backupFacts(opened, context),
      lock: facts.servers.some(isServing)
        ? await othersLock(dependencies, ensemble, run, context)
        : {},
    };
    return { ensemble, facts, frame };
  };

  return {
    planRestore: (args) =>
      operation(async (context) => {
        const { ensemble, facts, frame } = await look(args, context);
        return {
          plan: planRestore(facts, frame),
          observation: observationOf(facts, ensemble),
        };
      }),

    // The repository is not asked: it may be what has failed.
    planRestoreBack: ({ input, point, done }) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, { ensemble: input.to.ensemble });
        const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
        const frame = { input, point, backup: NOTHING_KNOWN, lock: {} };
        return {
          possible: true,
          plan: planRestoreBack(facts, frame, done),
          observation: observationOf(facts, ensemble),
        };
      }),
  };
}

async function chooseNow(
  dependencies: Dependencies,
  input: RestoreBackupInput,
  { signal }: OperationContext,
): Promise<OpenedPoint> {
  const from = input.from ?? input.to.ensemble;
  const repository = await backupOf(dependencies).openRepository(input.repository);
  const contents = await repository.contents(from, signal);
  const { timeline } = input;
  const extraction = await chooseFrom(
    repository,
    contents,
    targetOf(input),
    { ...(timeline !== undefined && { timeline }) },
    signal,
  );
  return { repository, contents, extraction };
}

export const targetOf = ({ at }: Pick<RestoreBackupInput, 'at'>): Target =>
  at === undefined ? { kind: 'latest' } : parseTarget('zxid' in at ? at.zxid : at.time);

function pinPoint(
  input: RestoreBackupInput,
  { servers }: EnsembleFacts,
  { repository, contents, extraction }: OpenedPoint,
): RestorePoint {
  const { zxid, timeline } = extraction;
  const subtree = input.mode === 'subtree' && {
    path: input.path!,
    toPath: input.to.path ?? input.path!,
    conflict: input.conflict,
  };
  const known = contents.timelines
    .map((one) => newestKnown(one))
    .filter((one) => one !== undefined);
  const above = [highestSeen(servers), ...known.map(zxidValue)].reduce((a, b) => (a > b ? a : b));
  const isHigher = input.epoch === 'higher' && subtree === false;
  const version = oldestVersion(servers);
  return {
    repository: input.repository,
    shown: repository.store.shown,
    from: contents.ensemble,
    ...{ timeline, zxid },
    way: !isHigher && input.sessions === 'keep' ? 'exact' : 'clean',
    sessions: input.sessions,
    startZxid: isHigher ? zxidText(higherEpoch(zxidValue(zxid), above)) : zxid,
    ...(isHigher && { above: zxidText(above) }),
    ...(version !== undefined && { targetVersion: version }),
    ...(subtree !== false && { subtree }),
  };
}

function oldestVersion(servers: EnsembleFacts['servers']): string | undefined {
  const versions = servers
    .map(({ version, host }) => version ?? host?.package?.installedVersion)
    .filter((version) => version !== undefined);
  return versions.sort(compareVersions)[0];
}

async function backupFacts(
  { repository, contents, extraction }: OpenedPoint,
  { signal }: OperationContext,
): Promise<BackupFacts> {
  const timeline = contents.timelines.find(({ number }) => number === extraction.timeline);
  if (timeline === undefined)
    throw new ZkferryError('NotRestorable', `timeline ${extraction.timeline} is gone`);
  const drill = await lastDrill(repository, contents.ensemble, signal);
  const { base, objects } = extraction;
  return {
    members: contents.document.members,
    plainBytes: objects.reduce((sum, one) => sum + one.plainBytes, base.snapshot.plainBytes),
    ...(base.nodes !== undefined && { nodes: base.nodes }),
    ...(standsAlone(base) && { alone: base }),
    ...(drill?.ok === true && { lastDrillAt: drill.at }),
    findings: [...timeline.findings, ...rangeFindings(timeline)].filter(
      ({ severity }) => severity === 'error',
    ),
  };
}
