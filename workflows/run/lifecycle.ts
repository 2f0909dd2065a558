/**
 * What every strategy that changes servers does alike: plan, hold, gate `start`, lock, execute, way back, close. What
 * differs is in ./rules/.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  allHandlersFinished,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import { ORIGIN_MEMO } from '../../src/model/contract';
import type { UpgradeReport } from '../../src/model/status';
import { runActivities } from './activityProxy';
import { announce, lastWords } from './announce';
import { showAttributes } from './attributes';
import { startBeside, type Beside } from './beside';
import { waitAtGate } from './gates';
import { takeHold } from './hold';
import { hold } from './pause';
import { startProbe } from './probe';
import { rulesOf } from './rules';
import { note, now, observe, targetOf, type RunState } from './state';
import { buildReport, rollbackPossibility, showDetails } from './status';
import { describeFailure } from './failure';
import { executePlan, type LoopHooks } from './steps';

const MINUTE_MS = 60_000;
/** Of an ensemble's identity, which is a SHA-256 in hex: enough to tell one from all others. */
const HOLD_DIGITS = 32;
const LOOK_TIMEOUT_MS = 5 * MINUTE_MS;

type Outcome = UpgradeReport['outcome'];

/** The whole life of a run whose input has been read; see the workflow's own page for what happens in it. */
export async function runStrategy(state: RunState): Promise<UpgradeReport> {
  let outcome: Outcome = 'failed';
  let beside: Beside | undefined;
  try {
    const isNew = !state.plan;
    if (isNew) await openAndPlan(state);
    await takeHold(
      state.opened,
      (state.plan?.identity ?? '').slice(0, HOLD_DIGITS),
      state.identity.workflowId,
    );
    for (const identity of (state.plan && rulesOf(state).alsoHolds?.(state.plan)) ?? [])
      await takeHold(state.opened, identity.slice(0, HOLD_DIGITS), state.identity.workflowId);
    if (isNew) await refuseIfUnsafe(state);
    if (state.generation === undefined && state.plan?.steps.length === 0) {
      note(state, rulesOf(state).nothingToDo);
      return await close(state, 'completed');
    }
    if (state.generation === undefined && !(await passStart(state)))
      return await close(state, 'rejected');
    state.generation ??= ownGeneration(state) ?? (await takeLock(state));
    beside = begin(state);
    outcome = await forwardOrBack(state, beside);
  } catch (error) {
    if (isContinueAsNew(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      if (isCancellation(error)) await returnAfterCancellation(state, beside);
      else state.error = describeFailure(error);
      await beside?.end();
      await close(state, state.state === 'rolledBack' ? 'rolledBack' : 'failed');
    });
    throw isCancellation(error) ? error : asFailure(error);
  }
  await beside.end();
  return close(state, outcome);
}

/** A run whose servers are all stopped has nothing to probe. */
function begin(state: RunState): Beside {
  const beside = startBeside(state);
  if (ownGeneration(state) !== undefined) return beside;
  const endProbe = startProbe(state);
  return {
    settled: beside.settled,
    async end() {
      await Promise.all([beside.end(), endProbe()]);
    },
  };
}

async function openAndPlan(state: RunState): Promise<void> {
  state.opened = await runActivities(undefined, MINUTE_MS, 'read the inventory').openRun({
    ensemble: state.input.ensemble,
    ...originOf(state),
  });
  showPhase(state);
  state.phase = 'plan';
  state.headline = 'observing the ensemble and planning';
  const { plan, observation } = await rulesOf(state).plan(
    state,
    planningActivities(state, 'observe, check, plan; changes nothing'),
  );
  state.plan = plan;
  state.forwardPlan = plan;
  state.foundAt = now();
  observe(state, observation);
  note(state, `planned: ${plan.goal} (${plan.steps.length} steps, plan ${plan.hash.slice(0, 12)})`);
  showDetails(state);
}

/** Of a start by the server, what it has signed. */
function originOf({ input }: RunState) {
  const proof: unknown = workflowInfo().memo?.[ORIGIN_MEMO];
  return typeof proof === 'string' ? { origin: { proof, input } } : {};
}

/** What stands against a plan may be the doing of a run that is at work: then that is said, and nothing else. */
async function refuseIfUnsafe(state: RunState): Promise<void> {
  const refusing = (state.plan?.findings ?? []).filter(
    ({ severity }) =>
      severity === 'error' || (severity === 'warning' && !state.input.acceptWarnings),
  );
  if (refusing.length === 0) return;
  await runActivities(
    state.opened.site,
    MINUTE_MS,
    'find out whether another run is at work',
  ).checkUnlocked({ ...targetOf(state), run: state.identity });
  const lines = refusing.map(
    ({ code, server, message, hint }) =>
      `${code}${server ? ` (${server})` : ''}: ${message}${hint ? `; ${hint}` : ''}`,
  );
  throw ApplicationFailure.nonRetryable(
    `nothing was touched: ${refusing.length} finding(s) stand against this ${rulesOf(state).noun}:\n${lines.join('\n')}`,
    'PreflightFailed',
    refusing,
  );
}

async function passStart(state: RunState): Promise<boolean> {
  state.phase = 'gate';
  showDetails(state);
  const outcome = await waitAtGate(
    state,
    'start',
    `${state.plan?.goal}. Nothing has been changed so far. ${state.plan?.rollbackLimit ?? rulesOf(state).wayBackNote}`,
  );
  if (outcome === 'passed') return replanAfterWait(state);
  if (outcome === 'abort')
    throw ApplicationFailure.nonRetryable(
      'gate start timed out before anybody decided; nothing was touched',
      'GateTimedOut',
    );
  note(state, 'the run ends without having touched anything');
  return false;
}

/** People may have taken days: the plan is made again, and asked about again if its meaning changed. */
async function replanAfterWait(state: RunState): Promise<boolean> {
  for (;;) {
    const before = state.plan?.hash;
    const asksAgain = await hooksOf(state).replan(
      'the run starts now: a fresh look at the ensemble',
    );
    await refuseIfUnsafe(state);
    if (!asksAgain || state.plan?.hash === before) return true;
    const outcome = await waitAtGate(
      state,
      'start',
      'the ensemble has changed while the run waited: approve the plan as it is now',
      { mandatory: true },
    );
    if (outcome === 'passed') continue;
    if (outcome === 'abort')
      throw ApplicationFailure.nonRetryable('gate start timed out', 'GateTimedOut');
    return false;
  }
}

async function takeLock(state: RunState): Promise<string> {
  state.phase = 'lock';
  const { generation, path } = await runActivities(
    state.opened.site,
    2 * MINUTE_MS,
    'take the lock znode',
  ).acquireLock({ ...targetOf(state), run: state.identity });
  note(state, `locked ${path} (generation ${generation})`);
  return generation;
}

function hooksOf(state: RunState, beside?: Beside): LoopHooks {
  return {
    settled: beside?.settled,
    replan: (reason) => replanForward(state, reason),
    atBoundary: async () => {
      showPhase(state);
      if (!workflowInfo().continueAsNewSuggested || state.gate) return;
      await beside?.end();
      await lastWords(state);
      await condition(allHandlersFinished);
      await continueAsNew<(request: unknown, carry: RunState) => Promise<UpgradeReport>>(
        state.input,
        state,
      );
    },
  };
}

async function replanForward(state: RunState, reason: string): Promise<boolean> {
  if (!state.plan) return false;
  if (state.plan.direction === 'rollback') return replanBack(state, reason);
  const fresh = await rulesOf(state).replan(
    state,
    planningActivities(state, 'plan the rest anew'),
    state.plan,
    Object.values(state.steps)
      .filter((step) => step.state !== 'pending')
      .map((step) => step.id),
  );
  observe(state, fresh.observation);
  state.foundAt = now();
  if (!fresh.changed) {
    // Findings are no part of the hash, but what is found now counts.
    state.plan.findings = fresh.plan.findings;
    return false;
  }
  const asksAgain =
    fresh.meaningChanged || (fresh.nothingDone === true && wasApproved(state, state.plan.hash));
  recordReplan(state, `${reason}: ${fresh.reason}`, fresh.plan.hash, asksAgain);
  state.plan = fresh.plan;
  state.forwardPlan = fresh.plan;
  return asksAgain;
}

/** By people; a gate that passes by itself says nothing of the plan. */
const wasApproved = ({ gates }: RunState, hash: string): boolean =>
  gates.some(({ decision, planHash }) => decision === 'approved' && planHash === hash);

function recordReplan(state: RunState, reason: string, toHash: string, asksAgain: boolean): void {
  state.replans.push({ at: now(), reason, fromHash: state.plan?.hash ?? '', toHash, asksAgain });
  note(state, `plan changed: ${reason}`);
}

async function forwardOrBack(state: RunState, beside: Beside): Promise<Outcome> {
  for (;;) {
    if (state.plan?.direction !== 'rollback') {
      const outcome = await executePlan(state, hooksOf(state, beside));
      if (outcome === 'done') return 'completed';
      if (outcome === 'abort')
        throw ApplicationFailure.nonRetryable(
          'a gate timed out and its policy is to abort: the servers stay as they are now, as the report says',
          'GateTimedOut',
        );
      note(state, outcome === 'rejected' ? 'a gate was rejected: going back' : 'going back');
    }
    const back = await goBack(state, beside);
    if (back !== undefined) return back;
  }
}

/** Runs the way back to its verified end; undefined where it could not begin and the run is held. */
async function goBack(state: RunState, beside?: Beside): Promise<Outcome | undefined> {
  // Kept until the way back has begun, or could not: a second one is refused meanwhile.
  state.rollbackRequested = { ...state.rollbackRequested, atOnce: true };
  if (state.touched.length === 0) {
    note(state, 'nothing had been changed on any server: nothing to take back');
    return 'rolledBack';
  }
  try {
    if (state.plan?.direction !== 'rollback' && !(await beginWayBack(state))) return undefined;
  } finally {
    state.rollbackRequested = undefined;
  }
  state.state = 'rollingBack';
  state.phase = 'rollback';
  await executePlan(state, hooksOf(state, beside));
  return 'rolledBack';
}

/**
 * Where there is no way back, or it can't be planned now, only a person can decide: a server in the middle of
 * its turn must not stay there.
 */
async function beginWayBack(state: RunState): Promise<boolean> {
  const { possible, reason } = rollbackPossibility(state);
  if (!possible) {
    hold(state, 'RollbackRefused', reason);
    return false;
  }
  try {
    await replanBack(state, 'rollback');
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { type, message } = describeFailure(error);
    hold(state, type, message);
    return false;
  }
}

async function replanBack(state: RunState, reason: string): Promise<boolean> {
  const forward = state.forwardPlan ?? state.plan;
  if (!forward) return false;
  const back = await rulesOf(state).planBack(
    state,
    planningActivities(state, 'plan the way back'),
    forward,
  );
  if (!back.possible) throw ApplicationFailure.nonRetryable(back.reason, 'RollbackRefused');
  observe(state, back.observation);
  state.foundAt = now();
  recordReplan(state, reason, back.plan.hash, false);
  // Steps of an earlier way back that were made again must run again.
  if (state.plan?.direction === 'rollback')
    for (const step of back.plan.steps)
      if (step.server && state.touched.some(({ server }) => server === step.server))
        delete state.steps[step.id];
  state.plan = back.plan;
  return false;
}

/** Cancelled from outside: what was begun is taken back first; where it can't be, it is said. */
async function returnAfterCancellation(state: RunState, beside?: Beside): Promise<void> {
  state.closed = 'cancelled';
  state.error = { type: 'Cancelled', message: 'the workflow was cancelled' };
  state.paused = undefined;
  state.gate = undefined;
  if (state.touched.length === 0 || state.finalized) return;
  try {
    if ((await goBack(state, beside)) === 'rolledBack') state.state = 'rolledBack';
  } catch (error) {
    state.error = describeFailure(error);
  }
}

async function close(state: RunState, outcome: Outcome): Promise<UpgradeReport> {
  state.phase = 'report';
  if (state.generation !== undefined && ownGeneration(state) === undefined) {
    await runActivities(state.opened.site, 2 * MINUTE_MS, 'take away lock and canary')
      .releaseLock({
        // An ensemble that moved has taken its lock along.
        ...(rulesOf(state).probed?.(state) ?? targetOf(state)),
        run: state.identity,
      })
      .catch((error: unknown) =>
        note(
          state,
          `the lock znode could not be taken away: ${describeFailure(error).message}; use zkferry unlock`,
        ),
      );
  }
  state.phase = 'done';
  state.state = outcome;
  state.headline = `${outcome}${state.error ? `: ${state.error.message.split('\n')[0]}` : ''}`;
  state.report = buildReport(state, outcome);
  note(state, `ended: ${outcome}`);
  showPhase(state);
  showDetails(state);
  announce(state, 'finished', { outcome: state.closed ?? outcome });
  await lastWords(state);
  await condition(allHandlersFinished);
  return state.report;
}

const ownGeneration = (state: RunState): string | undefined =>
  state.plan && rulesOf(state).generationOf?.(state.plan, state.startedAt);

/** Only what has changed is worth an event. */
function showPhase(state: RunState): void {
  if (state.phaseAnnounced !== state.phase && state.opened.webhooks) {
    state.phaseAnnounced = state.phase;
    announce(state, 'phaseChanged');
  }
  if (!state.opened.searchAttributes || state.phaseShown === state.phase) return;
  state.phaseShown = state.phase;
  showAttributes(state.opened, state.identity.strategy, state.phase);
}

function asFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { type, message } = describeFailure(error);
  return ApplicationFailure.create({ type, message, nonRetryable: true, cause: error as Error });
}

const isContinueAsNew = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ContinueAsNew';

const planningActivities = (state: RunState, summary: string) =>
  runActivities(state.opened.site, LOOK_TIMEOUT_MS, summary);
