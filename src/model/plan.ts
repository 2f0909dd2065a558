/** A plan is data: what people read, approve and hash is exactly what the run executes. */
import type { GateName, WorkflowType } from './contract';
import type { Finding } from './facts';
import type { MigrationAdvice } from './migrationAdvice';
import type { FileConnections } from './redirect';

export type Phase =
  | 'inspect'
  | 'plan'
  | 'gate'
  | 'lock'
  | 'stage'
  | 'backup'
  | 'upgrade'
  | 'finalize'
  | 'rollback'
  | 'verify'
  | 'join'
  | 'leave'
  | 'capture'
  | 'restore'
  | 'prepare'
  | 'sync'
  | 'fence'
  | 'drain'
  | 'open'
  | 'redirect'
  | 'watch'
  | 'retire'
  | 'report'
  | 'done';

/** Names of the activities a step can be: what an operator would call it. */
export type StepActivity =
  | 'stagePackage'
  | 'backupConfiguration'
  | 'backupData'
  | 'drainNode'
  | 'stopServer'
  | 'upgradePackage'
  | 'migrateConfiguration'
  | 'startServer'
  | 'verifyQuorum'
  | 'soak'
  | 'revertPackage'
  | 'restoreConfiguration'
  | 'finalizeServer'
  | 'verifyMembersAgree'
  | 'provisionServer'
  | 'verifyJoiner'
  | 'changeMembers'
  | 'verifyMembers'
  | 'writeMembers'
  | 'redirectClients'
  | 'wipeServer'
  | 'prepareRestore'
  | 'haltServer'
  | 'setAsideData'
  | 'placeData'
  | 'verifyRestored'
  | 'bringBackData'
  | 'verifyBroughtBack'
  | 'restoreSubtree'
  | 'returnClients'
  | 'watchNewSide'
  | 'retireServers'
  | 'awaitCapture'
  | 'sendAhead'
  | 'fenceServers'
  | 'liftFence'
  | 'stopEnsemble'
  | 'reconcileTail'
  | 'setAsideEverywhere'
  | 'placeEverywhere'
  | 'startEnsemble'
  | 'copyTrees'
  | 'compareTrees'
  | 'drainTrees'
  | 'awaitSessionExpiry'
  | 'openNewSide'
  | 'endCopy';

/** What must hold, seen by a fresh observation, right before a step acts. */
export type StepGuard =
  | { kind: 'none' }
  /** The others alone hold a synced quorum with margin, a canary just committed, nobody else reconfigures. */
  | { kind: 'serverMayStop'; server: string }
  /** The server is stopped by us: its package and files may be changed. */
  | { kind: 'serverIsStopped'; server: string }
  /** All members serve and agree. */
  | { kind: 'ensembleHealthy' }
  /** The members are those of before or after the change, all that should serve do, and a canary just committed. */
  | { kind: 'membersMayChange' }
  /** It belongs to no configuration any more: no server counts it, and the others have just committed a write. */
  | { kind: 'leaverMayStop'; server: string };

/** Inventory names of those who belong to an ensemble. */
export interface MembershipNames {
  voters: string[];
  observers: string[];
}

export interface PlanStep {
  /** Unique within the plan, readable, stable across replans: `3.9.6/zk2/stopServer`. */
  id: string;
  phase: Phase;
  activity: StepActivity;
  server?: string;
  /** Role of the server when planned; the leader is found again before it is touched. */
  role?: string;
  fromVersion?: string;
  toVersion?: string;
  title: string;
  /** Why it is safe now. */
  why: string;
  guard: StepGuard;
  /** How it is undone, in words; the undo itself is planned by `planRollback`. */
  undo: string;
  /** What is waited for before the next step. */
  waitsFor: string;
  /** A gate the run waits at right before this step. */
  gate?: GateName;
  /** Text for the gate: what passing it means. */
  gateReason?: string;
  /** Past this step going back is refused. */
  pointOfNoReturn?: boolean;
  /** Most a single attempt may take. */
  timeoutMs: number;
  /** Versions that `stagePackage` brings onto the server: all of the path, and the present one for the way back. */
  versions?: string[];
  /** Of a migration: which ensemble `server` belongs to; absent: the source. */
  side?: 'source' | 'target';
  /** Of a migration: clients that are redirected together, by name, and whether to the new servers or the old. */
  clients?: string[];
  /** What their files said when the plan was made, by client: what says something else by then is refused. */
  connections?: Record<string, FileConnections>;
  /** From it on nobody serves until clients are led over: they are looked at once more before it, and before its gate asks. */
  checksClients?: boolean;
  /** From it on nobody serves until the other side does: what must be so, right before it, of a quorum there. */
  otherSide?: SideDemand;
  /** A pause waits until this step is done: right before it the ensemble is in a state that must not last. */
  promptly?: boolean;
  /** Of the inventory: where `backupData` backs up to; absent: a copy on `server`. */
  repository?: string;
  /** The change of members that this step is a part of. */
  membership?: { before: MembershipNames; after: MembershipNames };
  /** The settings file changes this step makes (`migrateConfiguration`), for people to read. */
  changes?: ConfigChange[];
}

/** `reachable`: its hosts answer over SSH. `running`: its servers run, too. */
export type SideDemand = 'reachable' | 'running';

export interface ConfigChange {
  file: 'zoo.cfg' | 'java.env';
  setting: string;
  from?: string;
  to?: string;
  why: string;
  /** Taken out again by `finalize`, or as soon as its server is up. */
  temporary?: 'untilServerIsUp' | 'untilFinalize';
}

/** A moment of the past, pinned: a plan that was approved restores this and nothing newer. */
export interface RestorePoint {
  /** Name in the inventory. */
  repository: string;
  /** Where it is, for people. */
  shown: string;
  /** Whose backup it is. */
  from: string;
  timeline: number;
  zxid: string;
  /** ISO 8601, where a transaction tells it. */
  time?: string;
  /** `exact`: base and log as they were; `clean`: one snapshot, of the tree as it was. */
  way: 'exact' | 'clean';
  sessions: 'keep' | 'drop';
  /** The zxid that servers start from: that of the moment, or a higher epoch's first. */
  startZxid: string;
  /** Highest zxid that a client may have seen; with `startZxid` in a higher epoch. */
  above?: string;
  /** Release that shall read it. */
  targetVersion?: string;
  /** Of a subtree: paths there and here, and what becomes of what is there already. */
  subtree?: { path: string; toPath: string; conflict: string };
}

/** What a restore has done by the time it goes back; all by name. */
export interface RestoreDone {
  /** Stopped, or about to be. */
  stopped: readonly string[];
  /** Their data may have been set aside. */
  exchanged: readonly string[];
  /** Served when the run began. */
  served: readonly string[];
}

/** Who moves where. */
export interface Migration {
  mode: 'stretch' | 'physical' | 'logical';
  /** Names of the two ensembles. */
  source: string;
  target: string;
  /** Members of either in the inventory, by name. */
  oldServers: string[];
  newServers: string[];
  /** Of the target, where it is an ensemble of its own: no other run may work on it meanwhile. */
  targetIdentity?: string;
  /** Of mode physical: by which the data travel. */
  repository?: string;
}

export interface VersionHop {
  from: string;
  to: string;
  /** What bites on this hop (FACTS of the versions), for people. */
  cautions: string[];
}

export interface PlanExpectation {
  serverRestarts: number;
  leaderRestarts: number;
  /** Longest single write gap expected, from measurement. */
  longestWriteGapMs: number;
  durationMs: number;
}

export interface Plan {
  strategy: WorkflowType;
  ensemble: string;
  identity: string;
  /** `forward` to the target, `rollback` to where the run began. */
  direction: 'forward' | 'rollback';
  goal: string;
  /** Versions seen when the run began, by server. */
  fromVersions: Record<string, string>;
  toVersion: string;
  hops: VersionHop[];
  findings: Finding[];
  steps: PlanStep[];
  /** Servers that did not serve when the plan was made: the run does not wait for them before their turn. */
  notServing?: string[];
  /** Of a resize: who belongs to the ensemble when the plan was made, and in the end. */
  members?: { before: MembershipNames; after: MembershipNames };
  /** Of a restore: what of the past is put where. */
  restore?: RestorePoint;
  /** Of a migration. */
  migration?: Migration;
  /** Of a migration: what else could be done, and what people must do; no part of the plan's meaning. */
  advice?: MigrationAdvice;
  /** Where and why going back stops being possible; absent: possible until `finalize`. */
  rollbackLimit?: string;
  expectation: PlanExpectation;
  /** sha256 (hex) over the meaning of the plan: goal, steps, order; not over timings or findings' wording. */
  hash: string;
}
