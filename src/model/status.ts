/** The one document that the query, the CLI, the API and the console show. */
import type { ControlName, GateName, WorkflowType } from './contract';
import type { Finding } from './facts';
import type { Phase, Plan, PlanStep } from './plan';

export type RunState =
  | 'running'
  | 'waiting'
  | 'paused'
  | 'rollingBack'
  | 'completed'
  | 'rolledBack'
  | 'rejected'
  | 'failed';

export type StepState =
  | 'pending'
  | 'running'
  | 'done'
  | 'failed'
  | 'skipped'
  /** Done, then taken back. */
  | 'undone';

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
}

export interface OpenGate extends GateRecord {
  timeoutMs?: number;
  onTimeout: GateTimeoutAction;
  expiresAt?: string;
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
}

export interface Progress {
  phase: Phase;
  done: number;
  total: number;
  /** Steps a minute over this run; absent until one is done. */
  ratePerMinute?: number;
  timeLeftMs?: number;
}

export interface NextAction {
  action: ControlName;
  /** The JSON object to send. */
  input: Record<string, unknown>;
  description: string;
}

export interface StatusEvent {
  at: string;
  text: string;
}

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
  backup?: { directory: string; server: string; zxid: string; nodes: number; bytes: number };
  membersAgree?: { agree: boolean; detail: string };
  text: string;
}

export interface StatusDocument {
  strategy: WorkflowType;
  ensemble: string;
  workflowId: string;
  runId: string;
  state: RunState;
  phase: Phase;
  /** One line: what is going on or what is waited for. */
  headline: string;
  plan?: Omit<Plan, 'steps'> & { steps: PlannedStep[] };
  gate?: OpenGate;
  gates: GateRecord[];
  paused?: { since: string; by?: string; comment?: string };
  /** Why the run is going slower than it could; null when it isn't. */
  throttle: { cause: string | null; soakMs: number };
  availability?: Availability;
  progress?: Progress;
  findings: Finding[];
  replans: { at: string; reason: string; fromHash: string; toHash: string; asksAgain: boolean }[];
  nextActions: NextAction[];
  rollback: { possible: boolean; reason: string };
  report?: UpgradeReport;
  error?: { type: string; message: string };
  /** The newest 100. */
  events: StatusEvent[];
  updatedAt: string;
}
