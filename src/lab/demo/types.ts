/** What the demo is asked for, what it shows while it runs, and what it found. */
import type { MigrationMode } from '../../model/migrationInputs';
import type { Plan } from '../../model/plan';
import type { OpenGate, StatusDocument, UpgradeReport } from '../../model/status';

export const DEMO_NAME = 'demo';

export interface DemoOptions {
  strategy: 'upgrade' | 'resize' | 'migrate';
  /** Of a migration. */
  mode?: MigrationMode;
  fromVersion: string;
  /** The same where nothing is upgraded. */
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
  /** Of a Temporal that is there, before TEMPORAL_ADDRESS; without either the demo starts one. */
  address?: string;
}

export interface DemoPlace {
  directory: string;
  address: string;
  /** Absent where Temporal was there before. */
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

/** A word for what a server was, and one for what it is: its version, or its role. */
export interface ServerChange {
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
  /** On purpose: counted in none of the others. */
  sessionsEnded?: number;
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
  changes: ServerChange[];
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

/** What the demo of a hot backup is asked for; it asks at no gate. */
export type BackupDemoOptions = Pick<
  DemoOptions,
  'servers' | 'keep' | 'workerEntry' | 'address'
> & {
  version: string;
};

/** A subtree that a client deleted, as the repository's log tells it. Zxids and session are `0x…`. */
export interface Mistake {
  path: string;
  session: string;
  /** Its first deletion: the moment before is the one to go back to. */
  firstZxid: string;
  /** The deletion of the subtree's root. */
  lastZxid: string;
  /** ISO 8601, of the first deletion. */
  time: string;
  deletions: number;
  /** From the last deletion's acknowledgement until the log had told all of it. */
  foundInMs: number;
}

export interface BroughtBack {
  /** `0x…`: the subtree is as it was after this transaction. */
  asOf: string;
  nodes: number;
  /** Of the subtree in the ensemble afterwards, against the tree of that moment. */
  differences: number;
  restoreMs: number;
  diffMs: number;
}

export interface BackupDemoOutcome {
  ok: boolean;
  version: string;
  servers: number;
  workflowId: string;
  /** As the capture itself reports it. */
  captured: {
    txns: number;
    plainBytes: number;
    storedBytes: number;
    durableUpTo: string;
    lagP50Ms: number;
    lagP99Ms: number;
  };
  mistake: Mistake;
  broughtBack: BroughtBack;
  /** From the request until the run had ended, all sealed. */
  stopMs: number;
  proof: DemoProof;
  elections: number;
  durationMs: number;
  /** Why it is not ok, in words. */
  problems: string[];
  place: DemoPlace;
  kept: boolean;
}
