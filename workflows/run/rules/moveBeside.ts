/** What goes on beside a migration between two ensembles: captures, followers, the watch over fences. */
import { workflowInfo } from '@temporalio/workflow';
import type { MigrateDataCenterInput } from '../../../src/model/migrationInputs';
import type { PlanStep, StepActivity } from '../../../src/model/plan';
import { runActivities } from '../activityProxy';
import { migrationInput, type RunState } from '../state';
import type { BesideKind } from './types';

const SLACK_MS = 120_000;
const SEGMENT_MS = 10_000;
const ENDLESS_BYTES = 2 ** 50;
/** Stopped and masked servers take nothing from clients anyway: the machine is left to those that start meanwhile. */
const STOPPED_LOOK_MS = 5_000;

type Side = NonNullable<PlanStep['side']>;

/** Of the plan that is executed now; `done`: only once it is. */
function has(state: RunState, activity: StepActivity, side: Side, done = false): boolean {
  const plans = [state.forwardPlan, state.plan?.direction === 'rollback' ? state.plan : undefined];
  return plans.some((plan) =>
    plan?.steps.some((step) => {
      if (step.activity !== activity || step.side !== side) return false;
      const status = state.steps[step.id];
      return done ? status?.state === 'done' : status?.startedAt !== undefined;
    }),
  );
}

const isUnderWay = (state: RunState, activity: StepActivity, side: Side): boolean =>
  has(state, activity, side) && !has(state, activity, side, true);

/** Below every step that comes after it. */
const fenceNow = ({ generation = '', sequence }: RunState) => ({ generation, sequence });

const goesBack = ({ plan }: RunState): boolean => plan?.direction === 'rollback';

const capture = (side: Side): BesideKind['run'] =>
  async function run(state, lengthMs) {
    const input = migrationInput(state)!;
    const repository = state.forwardPlan?.migration?.repository ?? '';
    const { workflowId, firstExecutionRunId } = workflowInfo();
    const { progress } = await runActivities(
      state.opened.site,
      lengthMs + SLACK_MS,
      `capture ${side}`,
    ).captureTransactions({
      ensemble: nameOf(input, side),
      repository,
      owner: `${workflowId} ${firstExecutionRunId}`,
      durationMs: lengthMs,
      endAfterBytes: ENDLESS_BYTES,
      segmentMs: SEGMENT_MS,
      acceptForeign: false,
    });
    return {
      detail: `${progress.state}, durable up to ${progress.durableUpTo ?? 'nothing yet'}`,
      ...(progress.durableUpTo !== undefined && { zxid: progress.durableUpTo }),
      ...(progress.lag?.p99Ms !== undefined && { lagMs: progress.lag.p99Ms }),
    };
  };

/** From the proof that a side is closed until it is opened again, or nothing listens there any more. */
const watching = (side: Side): BesideKind => ({
  wanted: (state) =>
    has(state, 'fenceServers', side, true) &&
    !has(state, 'liftFence', side) &&
    !(side === 'source' && state.finalized),
  run: async (state, durationMs) => {
    const summary = `watch over the fence of the ${side}`;
    return runActivities(state.opened.site, durationMs + SLACK_MS, summary).watchFence({
      ensemble: migrationInput(state)![side],
      durationMs,
      ...(migrationInput(state)!.mode === 'physical' && { everyMs: STOPPED_LOOK_MS }),
    });
  },
});

/** A backup is kept under the name of the inventory; an ensemble given inline has none. */
const nameOf = (input: MigrateDataCenterInput, side: Side): string => {
  const ensemble = input[side];
  return typeof ensemble === 'string' ? ensemble : '';
};

/** Whoever decides at a gate sees who is still where; nobody else needs it. */
export const readiness: BesideKind = {
  wanted: ({ gate }) => gate !== undefined && gate.gate !== 'start',
  run: (state, durationMs) =>
    runActivities(
      state.opened.site,
      durationMs + SLACK_MS,
      'see which clients are still on the old servers',
    ).watchReadiness({ input: migrationInput(state)!, durationMs }),
};

export const besideOf: Readonly<Record<string, BesideKind>> = {
  captureSource: {
    wanted: (state) =>
      migrationInput(state)?.mode === 'physical' &&
      !goesBack(state) &&
      has(state, 'awaitCapture', 'source') &&
      !has(state, 'stopEnsemble', 'source'),
    run: capture('source'),
  },
  captureTarget: {
    wanted: (state) =>
      migrationInput(state)?.mode === 'physical' &&
      // One that was started and never seen to serve may have acknowledged something all the same.
      (has(state, 'verifyRestored', 'target', true) || has(state, 'awaitCapture', 'target')) &&
      !has(state, 'reconcileTail', 'target') &&
      !state.finalized,
    run: capture('target'),
  },
  followSource: {
    wanted: (state) =>
      migrationInput(state)?.mode === 'logical' &&
      !goesBack(state) &&
      has(state, 'copyTrees', 'source', true) &&
      !has(state, 'drainTrees', 'source'),
    run: (state, durationMs) =>
      runActivities(
        state.opened.site,
        durationMs + SLACK_MS,
        'apply what is committed at the source',
      ).followTrees({ input: migrationInput(state)!, durationMs, fence: fenceNow(state) }),
  },
  followTarget: {
    wanted: (state) =>
      migrationInput(state)?.mode === 'logical' &&
      migrationInput(state)?.fence !== 'none' &&
      has(state, 'openNewSide', 'target', true) &&
      !isUnderWay(state, 'copyTrees', 'target') &&
      !has(state, 'drainTrees', 'target') &&
      !has(state, 'endCopy', 'target') &&
      !state.finalized,
    run: (state, durationMs) =>
      runActivities(
        state.opened.site,
        durationMs + SLACK_MS,
        'keep the closed side equal to the one that serves',
      ).followTrees({
        ...{ input: migrationInput(state)!, durationMs, back: true },
        fence: fenceNow(state),
      }),
  },
  readiness,
  watchSource: watching('source'),
  watchTarget: watching('target'),
};
