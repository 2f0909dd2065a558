/** Everything a run knows. Plain JSON, so that a long run can carry it into a new history. */
import type {
  LeftSessions,
  Observation,
  OpenRunResult,
  ProbeCarry,
  PlanFor,
  ProbeTotals,
  RunIdentity,
  StepResult,
  StepTuning,
  Target,
  TouchedServer,
} from '../../activities/api';
import type { Finding } from '../../src/model/facts';
import type { GateName } from '../../src/model/contract';
import type { GatePolicy, RollingUpgradeInput } from '../../src/model/inputs';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { Phase, Plan, PlanStep, RestorePoint } from '../../src/model/plan';
import type {
  BackupSummary,
  BesideReport,
  GateRecord,
  OpenGate,
  Outage,
  RunState as RunStateName,
  StatusEvent,
  StepStatus,
  UpgradeReport,
} from '../../src/model/status';
import type { Delivery, WebhookMessage } from '../../src/model/webhooks';
import { addEvent } from './events';
import type { SideServers } from './sideServers';
import type { SpentProof } from './signing';

/** What every strategy's input has. */
export type RunInput = Omit<RollingUpgradeInput, 'target' | 'gates'> & {
  gates: Partial<Record<GateName, GatePolicy>>;
};

export interface RunState {
  identity: RunIdentity;
  input: RunInput;
  /** `pending`: what is there only stands in until the worker has said what it knows. */
  opened: OpenRunResult & { pending?: true };
  /** Proofs that were used, by their id, until they expire by themselves. */
  spentProofs?: SpentProof[];
  /** The newest events that webhooks were told. */
  deliveries?: Delivery[];
  /** What is on its way to webhooks, to be handed over where a history ends. */
  messages?: WebhookMessage[];
  /** By webhook. */
  deliveriesDropped?: Record<string, number>;
  /** Webhooks of which an event says already that they were not told something. */
  failedWebhooks?: string[];
  /** The phase that webhooks were told of. */
  phaseAnnounced?: Phase;
  state: RunStateName;
  phase: Phase;
  headline: string;
  /** What it said before the run stood still; there while it does. */
  headlineBefore?: string;
  startedAt: string;
  /** The plan that is executed now: the way forward, or the way back. */
  plan?: Plan;
  /** The way forward, kept while the way back runs. */
  forwardPlan?: Plan;
  steps: Record<string, StepStatus>;
  gate?: OpenGate;
  gates: GateRecord[];
  /** Steps whose gate was passed, each with the hash of the plan it was passed for. */
  passed: Record<string, string>;
  /** `by` a person, or `held`: a step failed and a person must decide. */
  paused?: { since: string; by?: string; comment?: string; held?: boolean };
  /** `atOnce`: nothing has to end before. */
  rollbackRequested?: { by?: string; comment?: string; atOnce?: boolean };
  tuning: StepTuning;
  /** Order of effects on hosts; grows with every guard and step. */
  sequence: number;
  generation?: string;
  touched: TouchedServer[];
  /** Servers that this run has stopped, or is stopping, and has not started since. */
  stopped: string[];
  /** Of a resize: who belongs to the ensemble now, and whoever is about to come or go. */
  members?: string[];
  /** Clients that were still connected to servers that left. */
  clients?: NonNullable<StepResult['clients']>;
  newFormatLed: boolean;
  finalized: boolean;
  observation?: Observation;
  /** When the findings of the plan in force were made. */
  foundAt?: string;
  leaderRestarts: number;
  leaderChanges: number;
  serverRestarts: number;
  probe: ProbeTotals;
  probeCarry?: ProbeCarry;
  backup?: BackupSummary;
  membersAgree?: { agree: boolean; detail: string };
  replans: { at: string; reason: string; fromHash: string; toHash: string; asksAgain: boolean }[];
  /** Of a migration: what goes on beside the steps, by name. */
  beside?: Record<string, BesideReport>;
  /** Of a migration: the moment that the side that opens next starts from. */
  point?: RestorePoint;
  /** Of a migration: from when on the old side took no write; from when on the new side did. */
  fencedAt?: string;
  openedAt?: string;
  /** Of a migration: every time in which nobody served. */
  outages?: Outage[];
  leftSessions?: LeftSessions;
  sideServers?: SideServers;
  /** How many events webhooks were told of in this history. */
  announced?: number;
  /** Clients that a person knows cannot be led as they are. */
  toldClients?: string[];
  throttleCause: string | null;
  /** The phase that the search attributes say. */
  phaseShown?: Phase;
  events: StatusEvent[];
  error?: { type: string; message: string };
  /** Cancelled in Temporal, whatever became of it then. */
  closed?: 'cancelled';
  report?: UpgradeReport;
}

export const emptyProbe = (): ProbeTotals => ({
  acknowledgedWrites: 0,
  failedWrites: 0,
  sessionsLost: 0,
  writeGaps: [],
  unobservedMs: 0,
});

export function newRunState(input: RunInput, identity: RunIdentity): RunState {
  return {
    identity,
    input,
    opened: {
      ensemble: typeof input.ensemble === 'string' ? input.ensemble : '(inline)',
      requiredGates: [],
      searchAttributes: false,
      pending: true,
    },
    state: 'running',
    phase: 'inspect',
    headline: 'looking at the ensemble',
    startedAt: now(),
    steps: {},
    gates: [],
    passed: {},
    tuning: {
      soakMs: input.soakMs,
      drainMs: input.drainMs,
      settleTimeoutMs: input.settleTimeoutMs,
    },
    sequence: 0,
    touched: [],
    stopped: [],
    newFormatLed: false,
    finalized: false,
    leaderRestarts: 0,
    leaderChanges: 0,
    serverRestarts: 0,
    probe: emptyProbe(),
    replans: [],
    throttleCause: null,
    events: [],
  };
}

/** The workflow's own clock: Temporal replaces Date inside the sandbox by one that replays. */
export function now(): string {
  return new Date().toISOString();
}

export function note(state: RunState, text: string): void {
  addEvent(state.events, text);
}

export function statusOf(state: RunState, step: PlanStep): StepStatus {
  return (state.steps[step.id] ??= { id: step.id, state: 'pending' });
}

export const targetOf = (state: RunState): Target => {
  const migration = migrationInput(state);
  return {
    ensemble: state.input.ensemble,
    ...(state.members && { members: state.members }),
    ...(migration?.mode === 'stretch' && { with: migration.target }),
  };
};

/** The same, for a plan: of this run, whose own lock stands against nothing. */
export const askedBy = (state: RunState): Target & PlanFor => ({
  ...targetOf(state),
  run: state.identity,
});

/** Of a migration: what was asked for. */
export const migrationInput = ({
  identity,
  input,
}: RunState): MigrateDataCenterInput | undefined =>
  identity.strategy === 'migrateDataCenter'
    ? (input as unknown as MigrateDataCenterInput)
    : undefined;

/** Steps of one server that belong together have ids that differ in their last part only. */
export const turnOf = ({ id }: PlanStep): string => id.slice(0, id.lastIndexOf('/'));

/** The first step still to be done, in plan order. */
export function nextStep(state: RunState): PlanStep | undefined {
  return state.plan?.steps.find((step) => !isSettled(statusOf(state, step)));
}

export const isEnded = ({ state }: Pick<RunState, 'state'>): boolean =>
  ['completed', 'rolledBack', 'rejected', 'failed'].includes(state);

export const isSettled = (status: StepStatus): boolean =>
  status.state === 'done' || status.state === 'skipped';

/** Servers that this run has stopped, or is stopping, and will start again. */
export const serversDown = (state: RunState): string[] =>
  state.stopped.filter((server) =>
    state.plan?.steps.some(
      (step) =>
        step.activity === 'startServer' &&
        step.server === server &&
        !isSettled(statusOf(state, step)),
    ),
  );

/** A pause waits until no server is down by this run's hand, and nothing must follow promptly; a failure holds the run where it is. */
export const isPaused = (state: RunState): boolean =>
  state.paused !== undefined &&
  (state.paused.held === true ||
    (serversDown(state).length === 0 && nextStep(state)?.promptly !== true));

export function findingsOf(state: RunState): Finding[] {
  return state.plan?.findings ?? [];
}

/** Remembers what was just seen: leader changes, and whether logs may now hold what 3.4 can't read. */
export function observe(state: RunState, seen: Observation): void {
  const before = state.observation;
  if (before?.epoch !== undefined && seen.epoch !== undefined && seen.epoch > before.epoch) {
    state.leaderChanges += 1;
    note(
      state,
      `new leader ${seen.leader ?? '(none seen)'} (epoch ${before.epoch} → ${seen.epoch})`,
    );
    // Somebody else may have led between two looks; with a newer server about, that counts as it having led.
    const about = [before.versions, seen.versions].flatMap((versions) => Object.values(versions));
    const mayHaveLed = [...about, ...state.touched.map(({ to }) => to)];
    if (mayHaveLed.some(isNewFormat)) state.newFormatLed = true;
  }
  if (seen.leaderVersion !== undefined && isNewFormat(seen.leaderVersion))
    state.newFormatLed = true;
  // In an election nobody tells an epoch, and a fresh leader not at once: what was known stays known.
  const epochs = [before?.epoch, seen.epoch].filter((epoch) => epoch !== undefined);
  state.observation = {
    ...(before?.members && { members: before.members }),
    ...seen,
    ...(epochs.length > 0 && { epoch: Math.max(...epochs) }),
  };
}

const isNewFormat = (version: string): boolean => !/^3\.[0-4]\./.test(version);
