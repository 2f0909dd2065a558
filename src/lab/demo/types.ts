/** What the demo is asked for, what it shows while it runs, and what it found. */
import type { Plan } from '../../model/plan';
import type { OpenGate, StatusDocument, UpgradeReport } from '../../model/status';

export const DEMO_NAME = 'demo';

export interface DemoOptions {
  fromVersion: string;
  toVersion: string;
  /** Voting members, 3–9. */
  servers: number;
  /** Leave everything up afterwards. */
  keep: boolean;
  /** auto: the demo approves its own gates, visibly; ask: it waits for a person. */
  gates: 'auto' | 'ask';
  soakMs?: number;
  /** The built worker/main.js. */
  workerEntry: string;
}

export interface DemoPlace {
  directory: string;
  address: string;
  /** Absent where Temporal was there before (TEMPORAL_ADDRESS). */
  uiUrl?: string;
  inventoryPath: string;
  connectString: string;
}

/** How the demo is seen. Each call is one thing that happened. */
export interface DemoView {
  say(text: string): void;
  onPlace(place: DemoPlace): void;
  onPlan(plan: Plan): void;
  onStatus(status: StatusDocument): void;
  onGate(workflowId: string, gate: OpenGate): void;
  onApproved(gate: OpenGate, approver: string): void;
}

export interface ServerVersions {
  server: string;
  before: string;
  after: string;
}

/** The load's own proof, apart from what the run says of itself. */
export interface DemoProof {
  ok: boolean;
  ackedWrites: number;
  unknownWrites: number;
  lostWrites: number;
  sessionsLost: number;
  ephemeralsLost: number;
  readsBackwards: number;
  membersDiffer: number;
  writeGapsMs: number[];
  gapThresholdMs: number;
  ackLatencyMs: { p50: number; p99: number };
  problems: string[];
}

export interface DemoOutcome {
  ok: boolean;
  fromVersion: string;
  toVersion: string;
  workflowId: string;
  versions: ServerVersions[];
  plan: Plan;
  proof: DemoProof;
  report?: UpgradeReport;
  /** Leaders elected during the run, by the epochs before and after. */
  elections: number;
  durationMs: number;
  /** Why it is not ok, in words. */
  problems: string[];
  place: DemoPlace;
  kept: boolean;
}
