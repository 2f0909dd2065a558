/** The one document that the query, the CLI, the API and the console show. */
import type { Approval } from './approval';
import type { CaptureSourceName } from './backupInputs';
import type { ControlName, GateName, WorkflowType } from './contract';
import type { Finding } from './facts';
import type { MigrationMode } from './migrationInputs';
import type { MembershipNames, Phase, Plan, PlanStep } from './plan';
import type { Readiness } from './redirect';
import type { OutsideEnd } from './runEnd';
import type { Delivery } from './webhooks';

export type RunState =
  | 'running'
  | 'waiting'
  | 'paused'
  | 'rollingBack'
  | 'completed'
  | 'rolledBack'
  | 'rejected'
  | 'failed';

export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'skipped';

export interface StepStatus {
  id: string;
  state: StepState;
  startedAt?: string;
  finishedAt?: string;
  durationMs?: number;
  detail?: string;
}

export interface PlannedStep extends PlanStep, StepStatus {
  id: string;
}

export type GateDecision = 'approved' | 'rejected' | 'timedOut' | 'auto' | 'superseded';

export interface GateRecord {
  gate: GateName;
  /** What was asked, with the plan it was asked for. */
  why: string;
  planHash: string;
  openedAt: string;
  decidedAt?: string;
  decision?: GateDecision;
  by?: string;
  comment?: string;
  /** Where more than one person must approve: who has. */
  approvals?: Approval[];
}

export interface OpenGate extends GateRecord {
  /** How many people must approve, where it is more than one. */
  needed?: number;
  timeoutMs?: number;
  onTimeout: GateTimeoutAction;
  expiresAt?: string;
}

/** How far something is that goes on beside the steps. */
export interface BesideReport {
  /** ISO 8601. */
  at?: string;
  /** One line for people. */
  detail: string;
  /** The transaction it has come to, `0x…`. */
  zxid?: string;
  lagMs?: number;
  readiness?: Readiness;
  /** An activity works on it now. */
  running?: boolean;
}

/** Nobody took writes from `closedAt` on, until a side was proven open. ISO 8601. */
export interface Outage {
  closed: 'source' | 'target';
  closedAt: string;
  opened?: 'source' | 'target';
  openedAt?: string;
}

/** Clients that were in the plan to be led to the side that serves, and are not all there. */
export interface Leading {
  to: 'source' | 'target';
  clients: number;
  /** Of those of whom it is known. */
  led: number;
  /** Others have been begun with: how many of them are there is not known. */
  begun?: true;
}

/** A server that its host's firewall closes to clients. */
export interface ClosedServer {
  side: 'source' | 'target';
  server: string;
  /** Shell commands for its host, as root: what opens it without this run. */
  openByHand: string;
}

/** A server that a step went without, since its host could not be reached. */
export interface LeftOutServer {
  side: 'source' | 'target';
  server: string;
  why: string;
  /** What is to be done about it once its host is back, in words. */
  byHand: string;
  /** Shell commands for its host, where it is to serve again. */
  startByHand?: string;
}

/** What a person at gate `cutover` decides by, and where a migration stands afterwards. */
export interface MigrationStatus {
  mode: MigrationMode;
  /** As messages name them. */
  source: string;
  target: string;
  /** The side that takes clients' writes, or is going to next. */
  serving: 'source' | 'target';
  /**
   * Whether it does now: `closing` while its servers begin to refuse, one after the other; `refused` while nobody serves;
   * `opening` once the next side is being opened and is not proven to serve yet.
   */
  writes?: 'taken' | 'closing' | 'refused' | 'opening';
  /** From when on the side that is closed now took no write; absent once it is open again. */
  fencedAt?: string;
  /** Since when the other side is proven open; absent while nobody serves. */
  openedAt?: string;
  /** Each time in which nobody served, one still open at the end. */
  outages?: Outage[];
  /** How long nobody can write, ms, as the plan expects it. */
  expectedOutageMs: number;
  leading?: Leading;
  /** When both sides were last compared, and what came out; absent where that could not be told. */
  verified?: { at: string; detail: string };
  /** Closed to clients by a firewall now. */
  closed?: ClosedServer[];
  leftOut?: LeftOutServer[];
  /** What goes on beside the steps, by name: `captureSource`, `followSource`, `followTarget`, `readiness` … */
  beside: Record<string, BesideReport>;
}

/** A timeout never approves. */
export type GateTimeoutAction = 'wait' | 'abort' | 'rollback';

export interface WriteGap {
  startedAt: string;
  gapMs: number;
  /** Step that ran when the gap began. */
  during?: string;
}

export interface Availability {
  /** Stretches longer than `thresholdMs` in which no probe's write was acknowledged. */
  writeGaps: WriteGap[];
  thresholdMs: number;
  totalGapMs: number;
  longestGapMs: number;
  acknowledgedWrites: number;
  failedWrites: number;
  /** Time in which the probe itself was not running (worker down, waiting at a gate): nothing is claimed for it. */
  unobservedMs: number;
  /** Sessions of the probe that expired. */
  sessionsLost: number;
  lastAckAt?: string;
  /** Why nothing is probed now; absent while the probe writes, and once the run is over. */
  unwatched?: { since: string; why: string };
}

export interface Progress {
  phase: Phase;
  done: number;
  total: number;
  /** Steps a minute over this run; absent until one is done. */
  ratePerMinute?: number;
  /** Absent while the run stands still. */
  timeLeftMs?: number;
}

export interface NextAction {
  action: ControlName;
  /** The JSON object to send. */
  input: Record<string, unknown>;
  description: string;
  /** Where only what zkferry server has signed counts: sent to Temporal as it stands it would be refused. */
  through?: { request: string; body: Record<string, unknown>; by: string };
}

export interface Retry {
  /** The step's title, or what is looked at. */
  what: string;
  /** The attempt that runs now, or comes next. */
  attempt: number;
  /** Why the one before failed. */
  reason: string;
}

export interface StatusEvent {
  at: string;
  text: string;
}

/** What a run made before it touched anything, and read back: a copy on one server, or a base in a repository. */
export type BackupSummary = { zxid: string; nodes: number; bytes: number } & (
  | { server: string; directory: string; repository?: undefined }
  | {
      /** Its name in the inventory. */
      repository: string;
      /** Of a history in the repository that `zxid` belongs to. */
      timeline: number;
      server?: undefined;
    }
);

export interface UpgradeReport {
  outcome: 'completed' | 'rolledBack' | 'rejected' | 'failed';
  fromVersions: Record<string, string>;
  toVersions: Record<string, string>;
  serverRestarts: number;
  leaderRestarts: number;
  leaderChanges: number;
  availability: Availability;
  planned: Plan['expectation'];
  durationMs: number;
  backup?: BackupSummary;
  membersAgree?: { agree: boolean; detail: string };
  /** Of a migration. */
  mode?: MigrationMode;
  /** Of a migration: each time in which nobody served. */
  outages?: Outage[];
  /** Of a resize: who belonged to the ensemble when the run began, and when it ended. */
  members?: { before: MembershipNames; after?: MembershipNames };
  /** Sessions that were still connected to servers that left when these stopped. */
  clients?: { server: string; session: string; address: string }[];
  /** Of a restore: where the data that servers had before are, as the step that set them aside says. */
  aside?: { server: string; detail: string }[];
  text: string;
}

/** What a hot backup has done, and how far behind it is. Sizes in bytes. */
export interface CaptureStatus {
  repository: string;
  state: 'attaching' | 'capturing' | 'spooling' | 'idle';
  /** `stream`: the quorum port; `files`: a server's own files; `admin`, `logical`: whole bases only. */
  source?: CaptureSourceName;
  /** What is lost with the ensemble, in words. */
  rpo?: string;
  timeline?: number;
  generation?: number;
  /** Durable in the repository. */
  durableUpTo?: string;
  /** `ms`: age of the oldest transaction that is not durable yet, or the time without a leader to follow. */
  lag?: { txns: number; ms: number; p50Ms?: number; p99Ms?: number };
  /** Since the activity that captures now began. */
  txns?: number;
  plainBytes?: number;
  storedBytes?: number;
  segments?: number;
  spooledBytes?: number;
  leader?: string;
  trouble?: string;
  lastBase?: {
    usableFrom: string;
    /** Of one that is not of one moment: it was read from here to `usableFrom`. */
    readFrom?: string;
    takenAt: string;
    nodes?: number;
    bytes: number;
  };
  /** When the next base is due, where nothing but bases is taken. */
  nextBaseAt?: string;
  storingBase?: boolean;
  holes?: number;
  lastHole?: string;
  lastDrill?: { at: string; ok: boolean; zxid: string };
  /** When the capture told this. */
  at?: string;
}

/** What still holds of it once that capture is over: nothing that was only of the moment. */
export const stillTrueOf = <T extends Partial<CaptureStatus>>(told: T): T => ({
  ...told,
  lag: undefined,
  leader: undefined,
  storingBase: undefined,
  spooledBytes: undefined,
  trouble: undefined,
});

export interface StatusDocument {
  strategy: WorkflowType;
  ensemble: string;
  workflowId: string;
  runId: string;
  state: RunState;
  /** Ended from outside. Without a word of its own its state is told as `failed`; cancelled it may have gone back: `rolledBack`. */
  closed?: OutsideEnd;
  phase: Phase;
  /** One line: what is going on or what is waited for. */
  headline: string;
  plan?: Omit<Plan, 'steps'> & { steps: PlannedStep[] };
  gate?: OpenGate;
  gates: GateRecord[];
  /** `waits`: it is asked for, and what is at work comes to its end before. */
  paused?: { since: string; by?: string; comment?: string; waits?: true };
  /** Why the run is going slower than it could; null when it isn't. */
  throttle: { cause: string | null; soakMs: number };
  /** What failed and is tried again by itself, and of what: asked of Temporal, so that the run's own query leaves it out. */
  retrying?: Retry[];
  availability?: Availability;
  /** Of a hot backup. */
  capture?: CaptureStatus;
  migration?: MigrationStatus;
  progress?: Progress;
  findings: Finding[];
  /** When the ensemble was looked at for them. */
  foundAt?: string;
  replans: { at: string; reason: string; fromHash: string; toHash: string; asksAgain: boolean }[];
  nextActions: NextAction[];
  rollback: { possible: boolean; reason: string };
  report?: UpgradeReport;
  error?: { type: string; message: string };
  /** What webhooks were told: the newest 100, the same number of each webhook. */
  deliveries?: Delivery[];
  /** By webhook: events that it was not told, because too many waited for it already. */
  deliveriesDropped?: Record<string, number>;
  /** The newest 100. */
  events: StatusEvent[];
  updatedAt: string;
}

/** The headline without what the error, which is shown beside it, says in full. */
export function headlineBeside({
  headline,
  error,
}: Pick<StatusDocument, 'headline' | 'error'>): string {
  const [firstLine] = error?.message.split('\n') ?? [];
  const said = [error?.message, firstLine].find(
    (text) => text !== undefined && headline.endsWith(`: ${text}`),
  );
  return said === undefined ? headline : headline.slice(0, -said.length - 2);
}
