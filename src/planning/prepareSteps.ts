/** Steps around the turns: packages and copies before them, the end after them. */
import type { EnsembleFacts, ServerFacts } from '../model/facts';
import type { PlanStep, VersionHop } from '../model/plan';
import { chooseBackupServer } from './backupServer';
import { takeOutTemporary } from './configMigration';
import { megabytes } from './findings';
import { versionOfServer } from './members';
import { stepTimeoutMs, type Waits } from './stepTimes';

const none: PlanStep['guard'] = { kind: 'none' };

/**
 * Every server that has a turn gets its packages and a copy of its configuration; the data are backed up once, into
 * `repository`, or without one as a copy on a server: `earlier`, of the plan before, as long as nothing speaks against it.
 */
export function prepareSteps(
  facts: EnsembleFacts,
  hops: readonly VersionHop[],
  turns: readonly PlanStep[],
  { repository, earlier }: { repository?: string; earlier?: string } = {},
): PlanStep[] {
  const touched = facts.servers
    .filter(({ server }) => turns.some((step) => step.server === server))
    .sort((a, b) => a.id - b.id);
  return [
    ...touched.map((server) => stagePackage(server, hops, turns)),
    ...touched.map(backupConfiguration),
    ...(repository === undefined
      ? copyData(facts, earlier)
      : [backupIntoRepository(facts, repository)]),
  ];
}

function stagePackage(
  server: ServerFacts,
  hops: readonly VersionHop[],
  turns: readonly PlanStep[],
): PlanStep {
  const own = versionOfServer(server);
  const path = hops
    .map(({ to }) => to)
    .filter((to) => turns.some((step) => step.server === server.server && step.toVersion === to));
  const versions = [...new Set([...(own === undefined ? [] : [own]), ...path])];
  return {
    id: `stage/${server.server}/stagePackage`,
    phase: 'stage',
    activity: 'stagePackage',
    server: server.server,
    title: `bring ${versions.join(', ')} onto ${server.server}`,
    why: 'the way forward and the way back must lie ready before the first server stops; nothing running is touched',
    guard: none,
    undo: 'unused packages do no harm; they stay',
    waitsFor: 'each checksum is right and each package is unpacked',
    timeoutMs: stepTimeoutMs.stage(versions.length),
    versions,
  };
}

const backupConfiguration = ({ server }: ServerFacts): PlanStep => ({
  id: `backup/${server}/backupConfiguration`,
  phase: 'backup',
  activity: 'backupConfiguration',
  server,
  title: `save the configuration of ${server}`,
  why: 'files are only read and copied',
  guard: none,
  undo: 'the copy stays',
  waitsFor: 'the copy is complete',
  timeoutMs: stepTimeoutMs.configuration,
});

const backupIntoRepository = ({ ensemble }: EnsembleFacts, repository: string): PlanStep => ({
  id: 'backup/backupData',
  phase: 'backup',
  activity: 'backupData',
  repository,
  title: `take a base of ${ensemble} into repository ${repository}`,
  why: 'a tap only reads from the leader, and no quorum counts it; a hot backup that captures into it goes on',
  guard: none,
  undo: 'the base stays, as long as retention keeps it',
  waitsFor:
    'base and log hold every write committed before, all the repository has of the ensemble was read, and the tree restored from it has the digests of its transactions',
  timeoutMs: stepTimeoutMs.backupIntoRepository,
});

function copyData(facts: EnsembleFacts, earlier: string | undefined): PlanStep[] {
  const choice = chooseBackupServer(facts, earlier);
  if (!choice) return [];
  const bytes = facts.servers.find(({ server }) => server === choice.server)?.host?.data
    ?.totalBytes;
  return [
    {
      id: `backup/${choice.server}/backupData`,
      phase: 'backup',
      activity: 'backupData',
      server: choice.server,
      title: `copy the data of ${choice.server} (${megabytes(bytes ?? 0)})`,
      why: 'the server goes on serving; the copy is read back by a scratch server on loopback. It is never put on a voter: it is the last resort',
      guard: none,
      undo: 'the copy stays',
      waitsFor:
        'a scratch server started on the copy holds everything the server held when copying began',
      timeoutMs: stepTimeoutMs.backupData(bytes ?? 0),
    },
  ];
}

/** Gate `finalize` stands before the first of these, also where there is nothing to take out. */
export function finalizeSteps(turns: readonly PlanStep[], waits: Waits): PlanStep[] {
  const steps = [...finalizeServers(turns), verifyMembersAgree(waits, 'finalize')];
  const [first, ...rest] = steps;
  return [
    {
      ...first!,
      gate: 'finalize',
      gateReason:
        'every server runs the target version. Passing ends the way back: temporary settings go, new features may be used, a rollback is refused from here on',
    },
    ...rest,
  ];
}

function finalizeServers(turns: readonly PlanStep[]): PlanStep[] {
  const byServer = new Map<string, PlanStep[]>();
  for (const step of turns) {
    if (step.server === undefined || !step.changes?.length) continue;
    byServer.set(step.server, [...(byServer.get(step.server) ?? []), step]);
  }
  return [...byServer].flatMap(([server, steps]): PlanStep[] => {
    const changes = takeOutTemporary(
      steps.flatMap((step) => step.changes ?? []),
      'untilFinalize',
    );
    if (changes.length === 0) return [];
    const last = steps.at(-1)!;
    return [
      {
        id: `finalize/${server}/finalizeServer`,
        phase: 'finalize',
        activity: 'finalizeServer',
        server,
        fromVersion: steps[0]!.fromVersion,
        toVersion: last.toVersion,
        title: `take ${changes.map(({ setting }) => setting).join(', ')} out of the files of ${server}`,
        why: 'only files change; nothing is restarted',
        guard: none,
        undo: 'none: final',
        waitsFor: 'the files are written',
        timeoutMs: stepTimeoutMs.configuration,
        changes,
      },
    ];
  });
}

export function verifyMembersAgree(waits: Waits, phase: 'finalize' | 'rollback'): PlanStep {
  return {
    id: phase === 'finalize' ? 'finalize/verifyMembersAgree' : 'rollback/verifyMembersAgree',
    phase,
    activity: 'verifyMembersAgree',
    title: 'prove that all members serve and hold the same data',
    why: 'nothing is changed by looking',
    guard: { kind: 'ensembleHealthy' },
    undo: 'nothing to undo',
    waitsFor: 'all members serve, have caught up with the same write and agree',
    timeoutMs: stepTimeoutMs.agree(waits),
  };
}
