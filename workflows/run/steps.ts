/**
 * The one loop that executes a plan:
 *   1. stop at the boundary if paused, leave if the way back was asked for
 *   2. look again; if the leader moved or the members changed, plan the rest anew, visibly
 *   3. wait at the step's gate
 *   4. guard: refuse to act until it is safe, by a fresh observation
 *   5. register the undo, act, confirm, record
 * A step that fails after the first server was touched holds the run for a person: resume tries it again.
 */
import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { StepResult } from '../../activities/api';
import type { PlanStep, StepActivity } from '../../src/model/plan';
import { runActivities, runStepActivity } from './activityProxy';
import { cancelWhen } from './cancelWhen';
import { differenceIn } from './comparison';
import { describeFailure } from './failure';
import { waitAtGate } from './gates';
import { hold, whilePaused } from './pause';
import { rulesOf } from './rules';
import {
  migrationInput,
  nextStep,
  note,
  now,
  observe,
  statusOf,
  targetOf,
  turnOf,
  type RunState,
} from './state';
import { noteServers, withoutIn } from './sideServers';
import { showDetails } from './status';
import { askAtGate, clientsLetGo } from './stepGate';

const LOOK_TIMEOUT_MS = 120_000;
/** Clients of leavers kept for the report. */
const MAX_CLIENTS = 500;

export type LoopOutcome = 'done' | 'rollback' | 'rejected' | 'abort';

export interface LoopHooks {
  /** Plans the rest anew; true: ask for approval again. */
  replan(reason: string): Promise<boolean>;
  /** Once what goes on beside the steps and is wanted no more has ended; nothing to wait for where nothing goes on. */
  settled?: () => Promise<void>;
  /** Called where nothing is in flight. */
  atBoundary(): Promise<void>;
}

/** Steps that only wait or look: a rollback need not let them end. */
const interruptible: readonly StepActivity[] = [
  'drainNode',
  'verifyQuorum',
  'soak',
  'verifyMembersAgree',
  'verifyJoiner',
  'verifyMembers',
  'prepareRestore',
  'verifyRestored',
  'watchNewSide',
];

export async function executePlan(state: RunState, hooks: LoopHooks): Promise<LoopOutcome> {
  const goingBack = state.plan?.direction === 'rollback';
  const wantsBack = () => !goingBack && state.rollbackRequested !== undefined;
  for (;;) {
    await hooks.atBoundary();
    const wasHeld = state.paused?.held === true;
    await whilePaused(state, wantsBack);
    if (wantsBack()) return 'rollback';
    if (wasHeld && rulesOf(state).plansAnewAfterHold(state))
      if (await replan(state, 'a fresh look', 'resumed', hooks)) continue;
    const step = nextStep(state);
    if (!step) {
      const reason = state.plan && rulesOf(state).whyUnfinished(state, state.plan);
      if (reason === undefined) return 'done';
      await goOnOrHold(state, reason, hooks);
      continue;
    }
    state.phase = step.phase;

    if (rulesOf(state).looksFirst(state, step) && (await replanIfNeeded(state, step, hooks)))
      continue;

    if (step.gate !== undefined && state.passed[step.id] === undefined) {
      const outcome = await askAtGate(state, step, step.gate);
      if (outcome === 'again') continue;
      if (outcome !== 'passed') return outcome;
      state.passed[step.id] = state.plan?.hash ?? '';
      // People may use what is new as soon as it is said, however long a pause keeps the step itself back. A way back
      // that was asked for in the same moment was taken before.
      if (endsWayBack(step) && !wantsBack()) state.finalized = true;
      continue;
    }

    if (step.checksClients && step.gate === undefined && !(await clientsLetGo(state, step)))
      continue;
    if (step.otherSide !== undefined && !(await otherSideReady(state, step, wantsBack))) continue;
    if (step.guard.kind !== 'none' && !(await guardAllows(state, step, hooks, wantsBack))) continue;
    await runStep(state, step, hooks, wantsBack);
    showDetails(state);
  }
}

/** True when the plan changed (the caller starts over with it). */
async function replanIfNeeded(state: RunState, step: PlanStep, hooks: LoopHooks): Promise<boolean> {
  const look = await lookOrHold(state, { ...step, guard: { kind: 'none' } }, 0);
  if (!look) return true;
  const reason = state.plan && rulesOf(state).whyReplan(state, state.plan, step, look.observation);
  if (reason === undefined) return false;
  return replan(state, step.title, reason, hooks);
}

async function replan(
  state: RunState,
  title: string,
  reason: string,
  hooks: LoopHooks,
): Promise<boolean> {
  const before = state.plan?.hash;
  let asksAgain: boolean;
  rulesOf(state).beforeReplan(state);
  try {
    asksAgain = await hooks.replan(reason);
  } catch (error) {
    holdOn(state, title, error);
    return true;
  }
  if (state.plan?.hash === before) return false;
  showDetails(state);
  if (!asksAgain) return true;
  const outcome = await waitAtGate(
    state,
    'start',
    `the plan has changed in meaning: ${reason}. Approve the plan as it is now`,
    { mandatory: true },
  );
  if (outcome !== 'passed')
    state.rollbackRequested ??= { comment: 'the changed plan was not approved' };
  return true;
}

/** All steps are done and their end is not what there is: what is missing is planned, or a person is asked. */
async function goOnOrHold(state: RunState, reason: string, hooks: LoopHooks): Promise<void> {
  await replan(state, 'a last look at the members', reason, hooks);
  if (state.paused || state.rollbackRequested || !state.plan || nextStep(state)) return;
  const still = rulesOf(state).whyUnfinished(state, state.plan);
  if (still !== undefined) hold(state, 'MembersChanged', still);
}

async function guardAllows(
  state: RunState,
  step: PlanStep,
  hooks: LoopHooks,
  wantsBack: () => boolean,
): Promise<boolean> {
  state.headline = `making sure: ${step.title}`;
  const look = await untilWayBack(wantsBack, () =>
    lookOrHold(state, step, state.tuning.settleTimeoutMs),
  );
  if (!look) return false;
  if (!look.ok) {
    hold(state, 'GuardRefused', `${step.title} is not safe now: ${look.reasons.join('; ')}`);
    return false;
  }
  if (step.activity !== 'stopServer') return true;
  const reason = state.plan && rulesOf(state).whyReplan(state, state.plan, step, look.observation);
  return reason === undefined || !(await replan(state, step.title, reason, hooks));
}

/** Before a side that serves is closed: false where a person is to see to the other one first. */
async function otherSideReady(
  state: RunState,
  { title, side, otherSide: demand }: PlanStep,
  wantsBack: () => boolean,
): Promise<boolean> {
  const { source, target } = migrationInput(state)!;
  const ensemble = side === 'source' ? target : source;
  state.headline = `making sure that the other side could serve: ${title}`;
  try {
    const looked = await untilWayBack(wantsBack, async () => {
      await runActivities(
        state.opened.site,
        LOOK_TIMEOUT_MS,
        `check before: ${title}`,
      ).checkOtherSide({ ensemble, demand: demand! });
      return true;
    });
    return looked === true;
  } catch (error) {
    holdOn(state, title, error);
    return false;
  }
}

async function lookOrHold(state: RunState, step: PlanStep, waitMs: number) {
  try {
    state.sequence += 1;
    const look = await runActivities(
      state.opened.site,
      waitMs + 120_000,
      `check before: ${step.title}`,
    ).checkGuard({
      ...targetOf(state),
      run: state.identity,
      step,
      fence: { generation: state.generation ?? '', sequence: state.sequence },
      identity: state.plan?.identity ?? '',
      expectServing: rulesOf(state).expectServing(state, step),
      waitMs,
    });
    observe(state, look.observation);
    return look;
  } catch (error) {
    return holdOn(state, step.title, error);
  }
}

/** Runs `work`; undefined when a rollback was asked for meanwhile and the work was told to stop. */
async function untilWayBack<T>(
  wantsBack: () => boolean,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const scope = new CancellationScope();
  const endWatch = cancelWhen(scope, wantsBack);
  try {
    return await scope.run(work);
  } catch (error) {
    if (isCancellation(error) && wantsBack()) return undefined;
    throw error;
  } finally {
    await endWatch();
  }
}

async function runStep(
  state: RunState,
  step: PlanStep,
  hooks: LoopHooks,
  wantsBack: () => boolean,
): Promise<void> {
  const failure = await attemptStep(state, step, hooks, wantsBack);
  if (failure === undefined) return;
  const others = state.plan ? rulesOf(state).alsoBeforeHold(state.plan, step) : [];
  for (const other of others) {
    if (statusOf(state, other).state !== 'pending' || wantsBack()) continue;
    const also = await attemptStep(state, other, hooks, wantsBack);
    if (also !== undefined)
      note(state, `${other.title} failed: ${describeFailure(also.error).message}`);
  }
  if (!turnsBack(state, step, failure.error)) holdOn(state, step.title, failure.error);
}

/** Where a person would have to decide while nobody is served, the way back is the decision. */
function turnsBack(state: RunState, step: PlanStep, error: unknown): boolean {
  if (isCancellation(error) || state.plan?.direction === 'rollback') return false;
  if (rulesOf(state).turnsBackOn?.(state, step) !== true) return false;
  const { type, message } = describeFailure(error);
  state.error = { type, message: `${step.title} failed: ${message}` };
  state.rollbackRequested = { comment: state.error.message };
  note(state, `${state.error.message}: nobody serves meanwhile, so the run turns back by itself`);
  return true;
}

/** What it failed with, where that is for a person. */
async function attemptStep(
  state: RunState,
  step: PlanStep,
  hooks: LoopHooks,
  wantsBack: () => boolean,
): Promise<{ error: unknown } | undefined> {
  const status = statusOf(state, step);
  status.state = 'running';
  status.startedAt = now();
  status.finishedAt = undefined;
  state.headline = step.title;
  state.throttleCause = interruptible.includes(step.activity) ? step.waitsFor : null;
  showDetails(state);
  // Before the dangerous write: from here on a way back must look at this server.
  rulesOf(state).touch(state, step);
  if (isStop(step)) state.stopped = [...new Set([...state.stopped, step.server ?? ''])];
  if (endsWayBack(step)) state.finalized = true;
  const ledBefore = step.server !== undefined && state.observation?.roles[step.server] === 'leader';
  state.sequence += 1;
  const without = withoutIn(state, step);
  const work = () =>
    runStepActivity(state.opened.site, step, {
      ...(rulesOf(state).targetOfStep?.(state, step) ?? targetOf(state)),
      run: state.identity,
      step,
      fence: { generation: state.generation ?? '', sequence: state.sequence },
      identity: state.plan?.identity ?? '',
      tuning: state.tuning,
      expectServing: rulesOf(state).expectServing(state, step),
      ...(without.length > 0 && { without }),
      ...(restoredIn(state) && { restore: restoredIn(state) }),
      ...migrationArgs(state),
    });
  try {
    // What ends now may do so while servers stop: whoever goes on from what it left comes after.
    if (hooks.settled && step.activity !== 'stopEnsemble') await hooks.settled();
    const result = interruptible.includes(step.activity)
      ? await untilWayBack(wantsBack, work)
      : await work();
    if (result === undefined) {
      status.state = 'pending';
      return undefined;
    }
    record(state, step, result, ledBefore);
    return undefined;
  } catch (error) {
    status.state = 'failed';
    status.detail = differenceIn(step, describeFailure(error));
    if (await followsOthers(state, step, error, hooks)) return undefined;
    if (isCancellation(error)) throw error;
    return { error };
  } finally {
    status.finishedAt = now();
    status.durationMs = Date.parse(status.finishedAt) - Date.parse(status.startedAt);
    state.throttleCause = null;
  }
}

/** Somebody else has changed the members: the plan follows, and asks; true when there is a new one to go on with. */
async function followsOthers(
  state: RunState,
  step: PlanStep,
  error: unknown,
  hooks: LoopHooks,
): Promise<boolean> {
  if (isCancellation(error)) return false;
  const { type, message } = describeFailure(error);
  if (type !== 'MembersChanged') return false;
  return replan(state, step.title, message, hooks);
}

function record(state: RunState, step: PlanStep, result: StepResult, ledBefore: boolean): void {
  const status = statusOf(state, step);
  status.state = 'done';
  status.detail = result.detail;
  if (result.observation) observe(state, result.observation);
  if (result.backup) state.backup = result.backup;
  if (result.membersAgree) state.membersAgree = result.membersAgree;
  if (step.activity === 'startServer')
    state.stopped = state.stopped.filter((server) => server !== step.server);
  if (isRestart(state, step)) {
    state.serverRestarts += 1;
    if (ledBefore) state.leaderRestarts += 1;
  }
  if (result.point) state.point = result.point;
  if (result.fencedAt !== undefined) state.fencedAt = result.fencedAt;
  if (result.leftSessions) state.leftSessions = result.leftSessions;
  if (result.clients)
    state.clients = [...(state.clients ?? []), ...result.clients].slice(-MAX_CLIENTS);
  noteServers(state, step, result);
  rulesOf(state).settle(state, step);
  note(state, `${step.title}: ${result.detail}`);
}

const migrationArgs = (state: RunState) => {
  const migrate = migrationInput(state);
  const { fencedAt, leftSessions } = state;
  return (
    migrate && { migrate, ...(fencedAt && { fencedAt }), ...(leftSessions && { leftSessions }) }
  );
};

/** A migration knows its moment only once nothing is written any more. */
const restoredIn = ({ plan, point }: RunState) => plan?.restore ?? point;

/** Its gate is the last moment to go back. */
const endsWayBack = ({ phase }: PlanStep): boolean => phase === 'finalize' || phase === 'retire';

const isStop = ({ activity }: PlanStep): boolean =>
  activity === 'stopServer' || activity === 'haltServer';

/** One that leaves stops for good; one that is halted for other data is started on these, or on its own. */
const isRestart = (state: RunState, stop: PlanStep): boolean =>
  stop.activity === 'haltServer' ||
  (stop.activity === 'stopServer' &&
    (state.plan?.steps ?? []).some(
      (step) => step.activity === 'startServer' && turnOf(step) === turnOf(stop),
    ));

/**
 * Before the first server is touched a failure ends the run, since nothing has happened; afterwards the
 * ensemble is in the middle of something, and only a person may leave it there.
 */
function holdOn(state: RunState, title: string, error: unknown): undefined {
  if (isCancellation(error)) throw error;
  const { type, message } = describeFailure(error);
  if (state.touched.length === 0)
    throw ApplicationFailure.nonRetryable(
      `${title} failed before any server was touched: ${message}`,
      type,
    );
  hold(state, type, `${title} failed: ${message}`);
  return undefined;
}
