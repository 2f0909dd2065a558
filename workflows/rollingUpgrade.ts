/**
 * rollingUpgrade: every server of an ensemble to a new version, one at a time, without losing an
 * acknowledged write.
 *
 *   1. open     validate the input, resolve the ensemble, ask the worker what it requires
 *   2. plan     observe, compute the plan, show it; a finding of severity error ends the run here
 *   3. hold     take the ensemble for this run (a child workflow named for the ensemble itself)
 *   4. gate     `start`: until it is passed, nothing anywhere has been changed
 *   5. lock     the lock znode, for runs of other Temporal clusters; its czxid fences every later effect
 *   6. execute  stage, back up, then each server of each hop; `beforeLeader`, `finalize` on the way
 *   7. back     on request, on refusal, or on cancellation: every touched server returns, leader last
 *   8. close    end the probe, take away lock and canary, report
 *
 * Safety: at most one server is down by this run's hand; none is stopped unless the others alone hold a
 * synced quorum that has just committed a write; the undo of a server is registered before it is touched.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  allHandlersFinished,
  continueAsNew,
  isCancellation,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../src/model/contract';
import {
  rollingUpgradeInputSchema,
  type RollingUpgradeInput,
  type RollingUpgradeRequest,
} from '../src/model/inputs';
import type { UpgradeReport } from '../src/model/status';
import { describeIssues } from '../src/model/validation';
import { runActivities } from './run/activityProxy';
import { registerControls } from './run/controls';
import { waitAtGate } from './run/gates';
import { takeHold } from './run/hold';
import { hold } from './run/pause';
import { startProbe } from './run/probe';
import { newRunState, note, now, observe, type RunState } from './run/state';
import { buildReport, rollbackPossibility, showDetails } from './run/status';
import { describeFailure, executePlan, type LoopHooks } from './run/steps';

const MINUTE_MS = 60_000;
const LOOK_TIMEOUT_MS = 5 * MINUTE_MS;

type Outcome = UpgradeReport['outcome'];

/** `carry` is what an earlier history of the same run left; nobody can start a run with it. */
export async function rollingUpgrade(
  request: RollingUpgradeRequest,
  carry?: RunState,
): Promise<UpgradeReport> {
  const info = workflowInfo();
  const parsed = rollingUpgradeInputSchema.safeParse(request);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `the input of rollingUpgrade is not usable:\n${describeIssues(parsed.error, request, rollingUpgradeInputSchema)}`,
      'InvalidInput',
      parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
    );
  if (carry !== undefined && info.continuedFromExecutionRunId === undefined)
    throw ApplicationFailure.nonRetryable(
      'rollingUpgrade takes one JSON object; a second argument was given',
      'InvalidInput',
    );
  const state =
    carry ??
    newRunState(parsed.data, {
      workflowId: info.workflowId,
      runId: info.firstExecutionRunId,
      strategy: WORKFLOW_TYPES.upgrade,
    });
  registerControls(() => state);
  showDetails(state);
  return run(state);
}

async function run(state: RunState): Promise<UpgradeReport> {
  let outcome: Outcome = 'failed';
  let endProbe: (() => Promise<void>) | undefined;
  try {
    if (!state.plan) await openAndPlan(state);
    await takeHold(state.opened, state.plan?.identity ?? '', state.identity.workflowId);
    if (state.generation === undefined && state.plan?.steps.length === 0) {
      note(state, 'every server runs the target version already: nothing to do');
      return await close(state, 'completed');
    }
    if (state.generation === undefined && !(await passStart(state)))
      return await close(state, 'rejected');
    state.generation ??= await takeLock(state);
    endProbe = startProbe(state);
    outcome = await forwardOrBack(state, () => endProbe?.() ?? Promise.resolve());
  } catch (error) {
    if (isContinueAsNew(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      if (isCancellation(error)) await returnAfterCancellation(state);
      else state.error = describeFailure(error);
      await endProbe?.();
      await close(state, state.state === 'rolledBack' ? 'rolledBack' : 'failed');
    });
    throw isCancellation(error) ? error : asFailure(error);
  }
  await endProbe();
  return close(state, outcome);
}

async function openAndPlan(state: RunState): Promise<void> {
  state.opened = await runActivities(undefined, MINUTE_MS, 'read the inventory').openRun({
    ensemble: state.input.ensemble,
  });
  showAttributes(state);
  state.phase = 'plan';
  state.headline = 'observing the ensemble and planning';
  const { plan, observation } = await runActivities(
    state.opened.site,
    LOOK_TIMEOUT_MS,
    'observe, check, plan; changes nothing',
  ).planUpgrade({ ensemble: state.input.ensemble, input: state.input });
  state.plan = plan;
  state.forwardPlan = plan;
  observe(state, observation);
  note(state, `planned: ${plan.goal} (${plan.steps.length} steps, plan ${plan.hash.slice(0, 12)})`);
  showDetails(state);
  refuseIfUnsafe(state);
}

function refuseIfUnsafe(state: RunState): void {
  const refusing = (state.plan?.findings ?? []).filter(
    ({ severity }) =>
      severity === 'error' || (severity === 'warning' && !state.input.acceptWarnings),
  );
  if (refusing.length === 0) return;
  const lines = refusing.map(
    ({ code, server, message, hint }) =>
      `${code}${server ? ` (${server})` : ''}: ${message}${hint ? `; ${hint}` : ''}`,
  );
  throw ApplicationFailure.nonRetryable(
    `nothing was touched: ${refusing.length} finding(s) stand against this upgrade:\n${lines.join('\n')}`,
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
    `${state.plan?.goal}. Nothing has been changed so far. ${state.plan?.rollbackLimit ?? 'Going back stays possible until gate finalize.'}`,
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
    refuseIfUnsafe(state);
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
  ).acquireLock({ ensemble: state.input.ensemble, run: state.identity });
  note(state, `locked ${path} (generation ${generation})`);
  return generation;
}

function hooksOf(state: RunState, endProbe?: () => Promise<void>): LoopHooks {
  return {
    replan: (reason) => replanForward(state, reason),
    atBoundary: async () => {
      showAttributes(state);
      if (!workflowInfo().continueAsNewSuggested || state.gate) return;
      await endProbe?.();
      await condition(allHandlersFinished);
      await continueAsNew<typeof rollingUpgrade>(state.input, state);
    },
  };
}

async function replanForward(state: RunState, reason: string): Promise<boolean> {
  if (!state.plan) return false;
  if (state.plan.direction === 'rollback') return replanBack(state, reason);
  const fresh = await runActivities(
    state.opened.site,
    LOOK_TIMEOUT_MS,
    'plan the rest anew',
  ).replanUpgrade({
    ensemble: state.input.ensemble,
    input: state.input,
    plan: state.plan,
    done: Object.values(state.steps)
      .filter((step) => step.state !== 'pending')
      .map((step) => step.id),
  });
  observe(state, fresh.observation);
  if (!fresh.changed) {
    // Findings are no part of the hash, but what is found now counts.
    state.plan.findings = fresh.plan.findings;
    return false;
  }
  recordReplan(state, `${reason}: ${fresh.reason}`, fresh.plan.hash, fresh.meaningChanged);
  state.plan = fresh.plan;
  state.forwardPlan = fresh.plan;
  return fresh.meaningChanged;
}

function recordReplan(state: RunState, reason: string, toHash: string, asksAgain: boolean): void {
  state.replans.push({ at: now(), reason, fromHash: state.plan?.hash ?? '', toHash, asksAgain });
  note(state, `plan changed: ${reason}`);
}

async function forwardOrBack(state: RunState, endProbe: () => Promise<void>): Promise<Outcome> {
  for (;;) {
    if (state.plan?.direction !== 'rollback') {
      const outcome = await executePlan(state, hooksOf(state, endProbe));
      if (outcome === 'done') return 'completed';
      if (outcome === 'abort')
        throw ApplicationFailure.nonRetryable(
          'a gate timed out and its policy is to abort: the servers stay as they are now, on the versions the report names',
          'GateTimedOut',
        );
      note(state, outcome === 'rejected' ? 'a gate was rejected: going back' : 'going back');
    }
    const back = await goBack(state, endProbe);
    if (back !== undefined) return back;
  }
}

/** Runs the way back to its verified end; undefined where it could not begin and the run is held. */
async function goBack(
  state: RunState,
  endProbe?: () => Promise<void>,
): Promise<Outcome | undefined> {
  state.rollbackRequested = undefined;
  if (state.touched.length === 0) {
    note(state, 'nothing had been changed on any server: nothing to take back');
    return 'rolledBack';
  }
  if (state.plan?.direction !== 'rollback' && !(await beginWayBack(state))) return undefined;
  state.state = 'rollingBack';
  state.phase = 'rollback';
  await executePlan(state, hooksOf(state, endProbe));
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
  const back = await runActivities(
    state.opened.site,
    LOOK_TIMEOUT_MS,
    'plan the way back',
  ).planWayBack({
    ensemble: state.input.ensemble,
    input: state.input,
    plan: forward,
    touched: state.touched,
    newFormatLed: state.newFormatLed,
  });
  if (!back.possible) throw ApplicationFailure.nonRetryable(back.reason, 'RollbackRefused');
  observe(state, back.observation);
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
async function returnAfterCancellation(state: RunState): Promise<void> {
  state.error = { type: 'Cancelled', message: 'the workflow was cancelled' };
  state.paused = undefined;
  state.gate = undefined;
  if (state.touched.length === 0 || state.finalized) return;
  try {
    if ((await goBack(state)) === 'rolledBack') state.state = 'rolledBack';
  } catch (error) {
    state.error = describeFailure(error);
  }
}

async function close(state: RunState, outcome: Outcome): Promise<UpgradeReport> {
  state.phase = 'report';
  if (state.generation !== undefined) {
    await runActivities(state.opened.site, 2 * MINUTE_MS, 'take away lock and canary')
      .releaseLock({ ensemble: state.input.ensemble, run: state.identity })
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
  showAttributes(state);
  showDetails(state);
  await condition(allHandlersFinished);
  return state.report;
}

/** An upsert is an event in the history: only what has changed is worth one. */
function showAttributes(state: RunState): void {
  if (!state.opened.searchAttributes || state.phaseShown === state.phase) return;
  state.phaseShown = state.phase;
  const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
  upsertSearchAttributes([
    { key: keyword(SEARCH_ATTRIBUTES.ensemble), value: state.opened.ensemble },
    { key: keyword(SEARCH_ATTRIBUTES.strategy), value: state.identity.strategy },
    { key: keyword(SEARCH_ATTRIBUTES.phase), value: state.phase },
  ]);
}

function asFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { type, message } = describeFailure(error);
  return ApplicationFailure.create({ type, message, nonRetryable: true, cause: error as Error });
}

const isContinueAsNew = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ContinueAsNew';

export type { RollingUpgradeInput };
