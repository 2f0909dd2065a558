/** What both renderings of a plan share: turns, short step names, durations. Free of IO and of node modules. */
import type { ConfigChange, Plan, PlanStep, StepActivity } from '../model/plan';
import type { BackupSummary } from '../model/status';

/** Steps of one server on one hop, or one step that belongs to no server's turn. */
export interface TurnView {
  server?: string;
  role?: string;
  fromVersion?: string;
  toVersion?: string;
  /** What the ids of its steps have in common. */
  turn: string;
  steps: PlanStep[];
}

const turnOf = ({ id }: PlanStep): string => id.slice(0, id.lastIndexOf('/'));

/** `zk2 (follower) 3.8.4 → 3.9.6`; without versions where they stay as they are. */
export function turnText({ server = '', role, fromVersion, toVersion }: TurnView): string {
  const versions = fromVersion === undefined ? '' : ` ${fromVersion} → ${toVersion}`;
  return `${server}${role === undefined ? '' : ` (${role})`}${versions}`;
}

/** Up to where there is a way back. */
export const wayBackText = ({ rollbackLimit, strategy }: Plan): string =>
  rollbackLimit ?? WAY_BACK[strategy] ?? 'possible until gate finalize';

const WAY_BACK: Partial<Record<Plan['strategy'], string>> = {
  resizeEnsemble: 'possible to the end',
  migrateDataCenter: 'possible until gate complete, writes made on the new side included',
  restoreBackup: 'possible until the run completes; what was set aside stays on the hosts after it',
};

/** Consecutive steps of one server that belong together form a turn; a gate begins another one. */
export function turnsOf(steps: readonly PlanStep[]): TurnView[] {
  const turns: TurnView[] = [];
  for (const step of steps) {
    const last = turns.at(-1);
    if (
      last &&
      last.server !== undefined &&
      last.server === step.server &&
      last.toVersion === step.toVersion &&
      last.turn === turnOf(step) &&
      step.gate === undefined
    )
      last.steps.push(step);
    else {
      const { server, role, fromVersion, toVersion } = step;
      turns.push({ server, role, fromVersion, toVersion, turn: turnOf(step), steps: [step] });
    }
  }
  return turns;
}

const SHORT: Record<StepActivity, string> = {
  prepareRestore: 'make the data',
  haltServer: 'stop',
  setAsideData: 'set data aside',
  placeData: 'put data in place',
  verifyRestored: 'prove the tree',
  bringBackData: 'bring data back',
  verifyBroughtBack: 'prove',
  restoreSubtree: 'write',
  stagePackage: 'stage',
  backupConfiguration: 'save configuration',
  backupData: 'back up data',
  drainNode: 'drain',
  stopServer: 'stop',
  upgradePackage: 'install',
  migrateConfiguration: 'configure',
  startServer: 'start',
  verifyQuorum: 'prove',
  soak: 'watch',
  revertPackage: 'reinstall',
  restoreConfiguration: 'restore configuration',
  finalizeServer: 'finalize',
  verifyMembersAgree: 'compare members',
  provisionServer: 'provision',
  verifyJoiner: 'prove fit',
  changeMembers: 'change members',
  verifyMembers: 'compare lists',
  writeMembers: 'write list',
  redirectClients: 'lead clients away',
  wipeServer: 'wipe',
  returnClients: 'lead clients back',
  watchNewSide: 'watch',
  retireServers: 'retire',
  awaitCapture: 'catch up',
  sendAhead: 'send ahead',
  fenceServers: 'close to clients',
  liftFence: 'open to clients',
  stopEnsemble: 'stop',
  reconcileTail: 'make complete',
  setAsideEverywhere: 'set data aside',
  placeEverywhere: 'put data in place',
  startEnsemble: 'start',
  copyTrees: 'copy',
  compareTrees: 'compare',
  drainTrees: 'drain',
  awaitSessionExpiry: 'let sessions end',
  openNewSide: 'open',
  endCopy: 'clear away',
};

export const shortName = ({ activity }: PlanStep): string => SHORT[activity];

export function changeText({ file, setting, from, to, temporary }: ConfigChange): string {
  const what = to === undefined ? `remove ${setting} (${from ?? 'any value'})` : `${setting}=${to}`;
  return `${file}: ${what}${temporary === undefined ? '' : temporary === 'untilServerIsUp' ? ', until the server is up' : ', until finalize'}`;
}

/** `45 s`, `12 min`, `3.5 h` */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 360_000) / 10} h`;
}

/** The versions on the way; undefined where nobody asked for another and none changes. */
export function pathText({ hops, toVersion, strategy, fromVersions }: Plan): string | undefined {
  if (hops.length > 0) return [hops[0]!.from, ...hops.map(({ to }) => to)].join(' → ');
  if (strategy === 'rollingUpgrade') return toVersion;
  const others = [...new Set(Object.values(fromVersions))].filter((one) => one !== toVersion);
  return others.length === 0 || toVersion === ''
    ? undefined
    : `${others.sort().join(', ')} → ${toVersion}`;
}

export function expectationText({ expectation }: Plan): string {
  const { serverRestarts, leaderRestarts, longestWriteGapMs, durationMs } = expectation;
  return `${serverRestarts} server restarts, ${leaderRestarts} of them of a leader; longest write gap ${longestWriteGapMs} ms; about ${durationText(durationMs)} without waiting for people`;
}

/** UTF-8 bytes, also where there is no Buffer (the workflow sandbox). */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** What a run backed up before it touched anything, and how that was proven. */
export function backupText({ zxid, nodes, ...backup }: BackupSummary): string {
  const held = `zxid ${zxid}, ${nodes} ${nodes === 1 ? 'znode' : 'znodes'}`;
  return backup.repository === undefined
    ? `${backup.directory} on ${backup.server}: ${held}, started and read back`
    : `repository ${backup.repository}, timeline ${backup.timeline}: ${held}, all of it read back`;
}
