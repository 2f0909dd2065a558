/**
 * The plan of a restore, and of its way back.
 *
 * A whole ensemble: the data are made and proven first, while it serves. Then every server is stopped, the leader last;
 * only when none runs any more are the old data set aside and those of then put in their place, on every member, so that
 * no old server can ever vote beside a restored one. They are started together, and proven. A subtree is written into
 * the living ensemble by the engine that copies trees.
 */
import type { EnsembleFacts, ServerFacts } from '../../model/facts';
import type { RestoreBackupInput } from '../../model/backupInputs';
import type { Plan, PlanStep, RestoreDone, RestorePoint } from '../../model/plan';
import { joinFindings } from '../findings';
import { withHash } from '../planHash';
import { restoreFindings, type BackupFacts, type LockFacts } from './restoreFindings';

const MINUTE_MS = 60_000;
/** Sending and writing, at least. */
const LEAST_BYTES_PER_MS = 5_000;

export interface RestoreFrame {
  input: RestoreBackupInput;
  point: RestorePoint;
  backup: BackupFacts;
  lock: LockFacts;
}

export function planRestore(facts: EnsembleFacts, frame: RestoreFrame): Plan {
  const { input, point } = frame;
  const isSubtree = point.subtree !== undefined;
  const steps = isSubtree ? [subtreeStep(frame)] : ensembleSteps(facts, frame);
  return planOf(facts, frame, {
    direction: 'forward',
    goal: isSubtree
      ? `${point.subtree!.path} of ${shown(point)} into ${point.subtree!.toPath} of ${facts.ensemble}`
      : `${facts.ensemble} as ${shown(point)}${point.sessions === 'keep' ? ', sessions and ephemerals of then too' : ''}`,
    findings: restoreFindings(facts, frame, input, point),
    steps,
  });
}

/**
 * Everything that was set aside is put back, and what served before is started. Before the first data are exchanged
 * whoever was stopped is just started again: others may run yet, and keep running.
 */
export function planRestoreBack(
  facts: EnsembleFacts,
  frame: RestoreFrame,
  { stopped, exchanged, served }: RestoreDone,
): Plan {
  const among = (names: readonly string[]) =>
    facts.servers.filter(({ server }) => names.includes(server));
  const servers = among(stopped);
  const step = stepsFor(frame, 'rollback/');
  return planOf(facts, frame, {
    direction: 'rollback',
    goal: `${facts.ensemble} with the data it had`,
    findings: [],
    steps: [
      ...(exchanged.length > 0 ? servers.map((server) => step.halt(server)) : []),
      ...among(exchanged).map((server) => step.bringBack(server)),
      ...servers
        .filter(({ server }) => served.includes(server))
        .map((server) => step.start(server)),
      step.verifyBack(),
    ],
  });
}

const shown = ({ from, zxid, time, shown: place }: RestorePoint): string =>
  `${from} was at ${zxid}${time === undefined ? '' : ` (${time})`}, out of ${place}`;

function ensembleSteps(facts: EnsembleFacts, frame: RestoreFrame): PlanStep[] {
  const step = stepsFor(frame, '');
  const ordered = [...facts.servers].sort((one, other) => rank(facts, one) - rank(facts, other));
  return [
    step.prepare(),
    ...ordered.map((server) => step.halt(server)),
    ...facts.servers.map((server) => step.setAside(server)),
    ...facts.servers.map((server) => step.place(server)),
    ...facts.servers.map((server) => step.start(server)),
    step.verify(),
  ];
}

/** Observers, followers, the leader last: until then a quorum is there to notice. */
const rank = ({ leader }: EnsembleFacts, { server, inventoryRole }: ServerFacts): number =>
  server === leader ? 2 : inventoryRole === 'observer' ? 0 : 1;

type Parts = Pick<Plan, 'direction' | 'goal' | 'findings' | 'steps'>;

function planOf(facts: EnsembleFacts, { point }: RestoreFrame, parts: Parts): Plan {
  const isSubtree = point.subtree !== undefined;
  const versions = facts.servers.flatMap(({ server, version }) =>
    version === undefined ? [] : [[server, version] as const],
  );
  return withHash({
    strategy: 'restoreBackup',
    ensemble: facts.ensemble,
    identity: facts.identity,
    ...parts,
    findings: joinFindings(parts.findings),
    fromVersions: Object.fromEntries(versions),
    toVersion: point.targetVersion ?? '',
    hops: [],
    notServing: facts.servers
      .filter(({ state }) => state !== 'serving')
      .map(({ server }) => server),
    restore: point,
    ...(isSubtree && {
      rollbackLimit:
        'What is written into the living ensemble stays: there is no way back but another restore.',
    }),
    expectation: {
      serverRestarts: isSubtree ? 0 : facts.servers.length,
      leaderRestarts: isSubtree ? 0 : 1,
      longestWriteGapMs: isSubtree ? 0 : outageMs(facts, parts.steps),
      durationMs: parts.steps.length * 3_000,
    },
  });
}

/** From the first stop to the last start, by what steps take as a rule. */
const outageMs = ({ servers }: EnsembleFacts, steps: readonly PlanStep[]): number =>
  Math.round(
    2_000 * steps.filter(({ server }) => server !== undefined).length + 3_000 * servers.length,
  );

function subtreeStep({ point }: RestoreFrame): PlanStep {
  const { path, toPath, conflict } = point.subtree!;
  return {
    id: 'restoreSubtree',
    phase: 'restore',
    activity: 'restoreSubtree',
    title: `write ${path} as it was at ${point.zxid} to ${toPath} (${conflict})`,
    why: 'counted and checked before; requests are taken in order, and a killed copy goes on where it was',
    guard: { kind: 'none' },
    undo: 'not taken back',
    waitsFor: 'the last request is acknowledged',
    timeoutMs: 24 * 60 * MINUTE_MS,
  };
}

function stepsFor({ point, backup, input }: RestoreFrame, prefix: string) {
  const transferMs = 10 * MINUTE_MS + Math.ceil(backup.plainBytes / LEAST_BYTES_PER_MS);
  const base = {
    phase: 'restore' as const,
    guard: { kind: 'none' as const },
    toVersion: point.targetVersion,
  };
  const at = ({ server, version, role, inventoryRole }: ServerFacts) => ({
    ...base,
    server,
    role: role ?? inventoryRole,
    ...(version !== undefined && { fromVersion: version }),
  });
  return {
    prepare: (): PlanStep => ({
      ...base,
      id: `${prefix}prepareRestore`,
      activity: 'prepareRestore',
      title: `make the data of ${point.zxid} and prove them`,
      why: 'nothing on any server is touched before they are whole: every object read, every digest compared',
      undo: 'removed from the worker',
      waitsFor: 'they are whole on the worker',
      timeoutMs: 6 * transferMs,
      ...(point.sessions === 'keep' && {
        gate: 'keepSessions' as const,
        gateReason:
          'sessions and ephemerals of the past resume: whoever held a lock then holds it again, though another client may have got it since. Approve only where no client can still believe it holds what these ephemerals stand for',
      }),
    }),
    halt: (server: ServerFacts): PlanStep => ({
      ...at(server),
      id: `${prefix}halt/${server.server}`,
      activity: 'haltServer',
      title: `stop ${server.server}: the ensemble goes down on purpose`,
      why: 'no server may run on the old data beside one that runs on the restored',
      undo: `${server.server} is started again on the data it had`,
      waitsFor: 'its process is gone; masked, so that nothing else starts it',
      timeoutMs: 2 * MINUTE_MS,
    }),
    setAside: (server: ServerFacts): PlanStep => ({
      ...at(server),
      id: `${prefix}aside/${server.server}`,
      activity: 'setAsideData',
      title: `set the data of ${server.server} aside`,
      why: 'renamed, not copied, and never deleted',
      undo: 'renamed back',
      waitsFor: 'the directories have their new names',
      timeoutMs: 10 * MINUTE_MS,
    }),
    place: (server: ServerFacts): PlanStep => ({
      ...at(server),
      id: `${prefix}place/${server.server}`,
      activity: 'placeData',
      title: `put the data of ${point.zxid} on ${server.server}`,
      why: 'every member gets the same, so that whoever leads has all of it',
      undo: 'kept beside the data that were set aside',
      waitsFor: 'every file is there with its checksum',
      timeoutMs: transferMs,
    }),
    start: (server: ServerFacts): PlanStep => ({
      ...at(server),
      id: `${prefix}start/${server.server}`,
      activity: 'startServer',
      title: `start ${server.server}`,
      why: prefix === '' ? 'every member has the restored data' : 'it has the data it had',
      undo: 'stopped again',
      waitsFor: 'its process runs',
      timeoutMs: 2 * MINUTE_MS,
    }),
    verify: (): PlanStep => ({
      ...base,
      id: `${prefix}verifyRestored`,
      activity: 'verifyRestored',
      title: 'prove that it serves the restored tree',
      why: 'the tree is read from its leader and compared with the one out of the repository',
      undo: 'nothing was changed',
      waitsFor: `every member serves, from ${point.startZxid} on, and what was not written since is as it was`,
      timeoutMs: input.settleTimeoutMs + 2 * transferMs,
    }),
    bringBack: (server: ServerFacts): PlanStep => ({
      ...at(server),
      id: `${prefix}back/${server.server}`,
      activity: 'bringBackData',
      title: `put the data that ${server.server} had in their place again`,
      why: 'no server runs',
      undo: 'the restored data are kept under another name',
      waitsFor: 'the directories have their old names',
      timeoutMs: 10 * MINUTE_MS,
    }),
    verifyBack: (): PlanStep => ({
      ...base,
      id: `${prefix}verifyBroughtBack`,
      activity: 'verifyBroughtBack',
      title: 'prove that it serves again',
      why: 'what served before serves on the data it had',
      undo: 'nothing was changed',
      waitsFor: 'every member that served before serves',
      timeoutMs: input.settleTimeoutMs + 2 * MINUTE_MS,
    }),
  };
}
