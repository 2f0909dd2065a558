/**
 * What workflows ask of activities: one object in, one object out, small enough for a history.
 * Workflows import these types only.
 */
import type { ApprovalRules, ControlClaims } from '../src/model/approval';
import type { CaptureSourceName } from '../src/model/backupInputs';
import type { Finding } from '../src/model/facts';
import type { EnsembleRef } from '../src/model/inventory';
import type { RestoreBackupInput, VerifyBackupInput } from '../src/model/backupInputs';
import type { ResizeEnsembleInput, RollingUpgradeInput } from '../src/model/inputs';
import type { MigrateDataCenterInput } from '../src/model/migrationInputs';
import type {
  MembershipNames,
  Plan,
  PlanStep,
  RestoreDone,
  RestorePoint,
  StepActivity,
  SideDemand,
} from '../src/model/plan';
import type { ControlName, GateName, WorkflowType } from '../src/model/contract';
import type { FileConnections } from '../src/model/redirect';
import type { DrillDocument } from '../src/model/repository';
import type { RunEvent, WebhookMessage } from '../src/model/webhooks';
import type {
  BackupSummary,
  BesideReport,
  CaptureStatus,
  ClosedServer,
  LeftOutServer,
  WriteGap,
} from '../src/model/status';

/** Which run acts; written into the lock znode and into labels on hosts. */
export interface RunIdentity {
  workflowId: string;
  /** First run id of the chain: stays the same over continue-as-new. */
  runId: string;
  strategy: WorkflowType;
}

/** What an activity acts on. */
export interface Target {
  ensemble: EnsembleRef;
  /** Inventory names of those who belong to it now, where the run knows better than the inventory (a resize). */
  members?: string[];
  /** Another ensemble of the inventory whose servers may come to belong to it: where it is stretched to. */
  with?: EnsembleRef;
}

export interface OpenRunArgs {
  ensemble: EnsembleRef;
  /** Of a start by the server: what it has signed, and the input this is about. */
  origin?: { proof: string; input: unknown };
}

export interface OpenRunResult {
  ensemble: string;
  /** Site of the ensemble's activities; absent: the common task queue. */
  site?: string;
  /** Gates that no input can switch off. */
  requiredGates: GateName[];
  /** Whether the namespace knows zkferry's search attributes. */
  searchAttributes: boolean;
  /** Where more is asked for than anybody's word. */
  approvals?: ApprovalRules;
  /** What is told of the run. */
  webhooks?: { name: string; events: RunEvent[] }[];
}

export interface VerifyControlArgs {
  action: ControlName;
  ensemble: string;
  /** As sent, without the proof. */
  input: unknown;
  proof: string;
}

/** What a run remembers of one look at the ensemble. */
export interface Observation {
  observedAt: string;
  leader?: string;
  leaderVersion?: string;
  epoch?: number;
  versions: Record<string, string>;
  /** By server: its role, or its state where it does not serve. */
  roles: Record<string, string>;
  syncedVoters: number;
  quorumMargin: number;
  identity: string;
  /** Who belongs to the ensemble, as its leader says, where all of them are in the inventory. */
  members?: MembershipNames;
}

/** Who asks for a plan. */
export interface PlanFor {
  /** Its own lock stands against nothing; absent: no run, only a plan. */
  run?: RunIdentity;
}

export interface PlanUpgradeArgs extends PlanFor {
  ensemble: EnsembleRef;
  input: RollingUpgradeInput;
}

export interface PlanResult {
  plan: Plan;
  observation: Observation;
}

export interface ReplanArgs extends PlanFor {
  ensemble: EnsembleRef;
  input: RollingUpgradeInput;
  plan: Plan;
  /** Ids of steps that need not run again. */
  done: string[];
}

export interface ReplanResult extends PlanResult {
  changed: boolean;
  reason: string;
  /** Whether what was approved is no longer what would happen. */
  meaningChanged: boolean;
  /** No step has begun: then a plan that somebody has approved must not give way to another that they have not. */
  nothingDone?: boolean;
}

/** A server that the run has begun to change, and how it was. The run's undo stack, oldest first. */
export interface TouchedServer {
  server: string;
  from: string;
  to: string;
  /** Set once its verifyQuorum on the new version succeeded. */
  upgraded: boolean;
}

export interface WayBackArgs {
  ensemble: EnsembleRef;
  input: RollingUpgradeInput;
  plan: Plan;
  touched: TouchedServer[];
  /** A 3.5+ server has led, or may have: logs may hold what 3.4 can't read. */
  newFormatLed: boolean;
}

export interface PlanResizeArgs extends Target, PlanFor {
  input: ResizeEnsembleInput;
}

export interface ReplanResizeArgs extends PlanResizeArgs {
  plan: Plan;
  /** Ids of steps that need not run again. */
  done: string[];
}

export interface ResizeBackArgs extends PlanResizeArgs {
  /** Who belonged to the ensemble when the run began. */
  former: MembershipNames;
  /** What the run has stopped and not started again: in the middle of a turn, or since it leaves. */
  stopped?: string[];
}

export interface PlanMigrationArgs extends Target, PlanFor {
  input: MigrateDataCenterInput;
}

export interface ReplanMigrationArgs extends PlanMigrationArgs {
  plan: Plan;
  /** Ids of steps that need not run again. */
  done: string[];
}

export interface MigrationBackArgs extends PlanMigrationArgs {
  /** The way forward, whose effects are to be taken back. */
  plan: Plan;
  /** Ids of its steps that have begun. */
  begun: string[];
  /** Whether the new side was seen to serve. */
  opened?: boolean;
  /** From where it was started, where it was. */
  startZxid?: string;
  /** As in a resize. */
  stopped?: string[];
}

export type WayBackResult =
  { possible: true; plan: Plan; observation: Observation } | { possible: false; reason: string };

export interface FencePosition {
  generation: string;
  sequence: number;
}

export interface StepTuning {
  soakMs: number;
  drainMs: number;
  settleTimeoutMs: number;
}

export interface StepArgs extends Target {
  run: RunIdentity;
  step: PlanStep;
  fence: FencePosition;
  /** Identity the plan was made for. */
  identity: string;
  tuning: StepTuning;
  /** Servers that are expected to serve after this step (all but those known to be down before). */
  expectServing: string[];
  /** Of a way back: what earlier steps on this side went without, and this one does not touch. */
  without?: string[];
  /** Of a restore. */
  restore?: RestorePoint;
  /** Of a migration: what was asked for, and what is known since its old side was closed. */
  migrate?: MigrateDataCenterInput;
  fencedAt?: string;
  leftSessions?: LeftSessions;
}

/** `longestMs`: the longest timeout of these sessions, 0 for none. */
export interface LeftSessions {
  count: number;
  longestMs: number;
}

export interface StepResult {
  /** One line for people. */
  detail: string;
  backup?: BackupSummary;
  membersAgree?: { agree: boolean; detail: string };
  /** Clients that are still connected to a server that leaves, 100 at most. */
  clients?: { server: string; session: string; address: string }[];
  observation?: Observation;
  /** Of a migration: the moment that the new side starts from. */
  point?: RestorePoint;
  /** Of a migration: from when on the old side took no write, ISO 8601. */
  fencedAt?: string;
  /** Of a logical migration: sessions of the old side when it was closed, which end for it. */
  leftSessions?: LeftSessions;
  /** Of a step that closes a side: whom a firewall closes now. */
  closed?: Omit<ClosedServer, 'side'>[];
  /** Of a step that opens a side, or lets nothing listen there any more: whom it has opened, those that were open included. */
  opened?: string[];
  /** Of a step that may go without hosts out of reach: without whom it did; empty: without nobody. */
  leftOut?: Omit<LeftOutServer, 'side'>[];
}

export interface GuardArgs extends Target {
  run: RunIdentity;
  step: PlanStep;
  fence: FencePosition;
  /** Identity the plan was made for. */
  identity: string;
  expectServing: string[];
  /** How long the guard may wait for its condition before it refuses. */
  waitMs: number;
}

export interface GuardResult {
  ok: boolean;
  /** Why not, one a line. */
  reasons: string[];
  observation: Observation;
}

export interface LockResult {
  generation: string;
  path: string;
}

/** Where one stretch of probing ended, so that a silence across two stretches is one gap. */
export interface ProbeCarry {
  lastAckAt?: string;
  endedAt?: string;
  silentMs?: number;
}

/** What probing measured. */
export interface ProbeTotals {
  acknowledgedWrites: number;
  failedWrites: number;
  sessionsLost: number;
  writeGaps: WriteGap[];
  unobservedMs: number;
  /** ISO time of the newest acknowledgement. */
  lastAckAt?: string;
}

export interface ProbeArgs extends Target {
  run: RunIdentity;
  /** How long this stretch lasts unless cancelled, which ends it early and still gives its result. */
  durationMs: number;
  thresholdMs: number;
  carry?: ProbeCarry;
}

export interface ProbeResult extends ProbeTotals {
  carry: ProbeCarry;
}

/** Every activity of a step has the same shape, so one loop runs them all. */
export type StepActivities = Record<StepActivity, (args: StepArgs) => Promise<StepResult>>;

export interface CheckedClients {
  /** How many can't be. */
  count: number;
  /** Some of them, each with all that stands against it. */
  problems: { client: string; message: string }[];
}

export interface RunActivities {
  openRun(args: OpenRunArgs): Promise<OpenRunResult>;
  /**
   * Says who stands behind a signed control of this very run.
   * @throws ApprovalRefused saying why it does not count
   */
  verifyControl(args: VerifyControlArgs): Promise<ControlClaims>;
  /** @throws WebhookFailed: retryable, unless its address is one that nothing is posted to */
  deliverWebhook(args: WebhookMessage): Promise<void>;
  planUpgrade(args: PlanUpgradeArgs): Promise<PlanResult>;
  replanUpgrade(args: ReplanArgs): Promise<ReplanResult>;
  planWayBack(args: WayBackArgs): Promise<WayBackResult>;
  planResize(args: PlanResizeArgs): Promise<PlanResult>;
  replanResize(args: ReplanResizeArgs): Promise<ReplanResult>;
  planResizeBack(args: ResizeBackArgs): Promise<WayBackResult>;
  planMigration(args: PlanMigrationArgs): Promise<PlanResult>;
  replanMigration(args: ReplanMigrationArgs): Promise<ReplanResult>;
  planMigrationBack(args: MigrationBackArgs): Promise<WayBackResult>;
  /** Goes on with a copy, transaction by transaction; for so long, unless cancelled, which ends it early. */
  followTrees(args: {
    input: MigrateDataCenterInput;
    durationMs: number;
    /** From the target to the source, which is closed to everybody else. */
    back?: boolean;
    fence: FencePosition;
  }): Promise<BesideReport>;
  /**
   * Which clients could not be led over as they are now; nothing is touched. `connections`: what their files said when the
   * plan was made.
   */
  checkClients(args: {
    input: MigrateDataCenterInput;
    clients: string[];
    connections: Record<string, FileConnections>;
  }): Promise<CheckedClients>;
  /**
   * What must be so before the side that serves is closed; looks only.
   * @throws SshUnreachable, ZooKeeperUnavailable naming whoever is missing for a quorum
   */
  checkOtherSide(args: Target & { demand: SideDemand }): Promise<void>;
  /** Who is still on the old servers, looked at again and again; for so long, unless cancelled, which ends it early. */
  watchReadiness(args: {
    input: MigrateDataCenterInput;
    durationMs: number;
  }): Promise<BesideReport>;
  /**
   * Raises again what was raised and is gone; for so long, unless cancelled, which ends it early. `everyMs`: between two
   * looks; a second by default.
   */
  watchFence(args: Target & { durationMs: number; everyMs?: number }): Promise<{ detail: string }>;
  /** The workflow id whose child this hold is; undefined where it can't be found out. */
  findHolder(args: { holdId: string }): Promise<string | undefined>;
  /** @throws EnsembleLocked naming another run that has the lock; passes where that can't be told. */
  checkUnlocked(args: Target & { run: RunIdentity }): Promise<void>;
  acquireLock(args: Target & { run: RunIdentity }): Promise<LockResult>;
  releaseLock(args: Target & { run: RunIdentity }): Promise<void>;
  checkGuard(args: GuardArgs): Promise<GuardResult>;
  probeAvailability(args: ProbeArgs): Promise<ProbeResult>;
}

/** What a backup activity acts on: names of the inventory. */
export interface BackupTarget {
  ensemble: string;
  repository: string;
}

export interface OpenBackupResult {
  ensemble: string;
  /** Id of the repository, whatever name led to it. */
  repository: string;
  /** Where it is, for people. */
  shown: string;
  site?: string;
  searchAttributes: boolean;
  /** What stands for the ensemble's name in workflow ids, where payloads are encrypted; ids are not. */
  nameInIds?: string;
  approvals?: ApprovalRules;
}

export interface ChosenSource {
  source: CaptureSourceName;
  /** Why, where it is not the one that was wished for. */
  why?: string;
}

export interface CaptureArgs extends BackupTarget {
  /** Without it the stream. */
  source?: CaptureSourceName;
  /** For people: workflow and run. */
  owner: string;
  /** Ends by itself after so long, unless cancelled, which ends it early and still gives its result. */
  durationMs: number;
  /** Of the base that it takes where there is none; without it as fast as it goes. */
  baseBytesPerSecond?: number;
  /** … or with so many plain bytes captured. */
  endAfterBytes: number;
  segmentMs: number;
  acceptForeign: boolean;
}

export interface WholeBaseArgs extends BackupTarget {
  source: CaptureSourceName;
  /** For people: workflow and run. */
  owner: string;
  acceptForeign: boolean;
  baseBytesPerSecond?: number;
}

export type CaptureProgressReport = Omit<CaptureStatus, 'repository' | 'state'> & {
  state: Exclude<CaptureStatus['state'], 'idle'>;
};

export interface BaseResult {
  usableFrom: string;
  /** Of one that is not of one moment. */
  readFrom?: string;
  takenAt: string;
  nodes?: number;
  bytes: number;
}

export interface PlanRestoreArgs extends PlanFor {
  input: RestoreBackupInput;
  /** What was pinned when it was first planned; without it the moment is chosen now. */
  point?: RestorePoint;
}

export interface RestoreBackArgs extends PlanRestoreArgs {
  point: RestorePoint;
  done: RestoreDone;
}

export interface DrillArgs {
  input: VerifyBackupInput;
  /** Of the lock that the run holds. */
  generation: string;
}

export interface BackupActivities {
  planRestore(args: PlanRestoreArgs): Promise<PlanResult>;
  planRestoreBack(args: RestoreBackArgs): Promise<WayBackResult>;
  proveBackup(args: DrillArgs): Promise<DrillDocument>;
  openBackup(args: BackupTarget): Promise<OpenBackupResult>;
  /** By what can be reached, where `auto` leaves it open. */
  chooseSource(args: BackupTarget & { source: 'auto' | CaptureSourceName }): Promise<ChosenSource>;
  captureTransactions(args: CaptureArgs): Promise<{ progress: CaptureProgressReport }>;
  /** Beside the capture that goes on. */
  takeBase(
    args: BackupTarget & { source: CaptureSourceName; baseBytesPerSecond?: number },
  ): Promise<BaseResult>;
  /** With the log that it needs where nobody captures; its source is chosen. */
  takeUsableBase(args: BackupTarget & { owner: string }): Promise<BaseResult>;
  /** One whole base of a source that has no log, by a capture that ends with it. */
  takeWholeBase(args: WholeBaseArgs): Promise<{ progress: CaptureProgressReport }>;
}

export type Activities = StepActivities & RunActivities & BackupActivities;

export type { Finding };
