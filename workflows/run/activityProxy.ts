/** How activities are called: deadlines, retries and heartbeats in one place. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities, StepArgs, StepResult, StepTuning } from '../../activities/api';
import { taskQueueOf } from '../../src/model/contract';
import type { PlanStep } from '../../src/model/plan';
import { summaryOf } from './summary';

/** A worker that died is noticed after this long without a heartbeat. */
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** Beyond what a step itself waits: looking, connecting, hooks. */
const SLACK_MS = 120_000;

const common = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  // An activity that was told to stop must have stopped before anything takes its work back.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: 1_000,
    backoffCoefficient: 1.6,
    maximumInterval: 15_000,
    maximumAttempts: 8,
  },
};

/** Activities that only look, plan, lock or probe. */
export function runActivities(site: string | undefined, timeoutMs: number, summary: string) {
  return proxyActivities<Activities>({
    ...common,
    taskQueue: taskQueueOf(site),
    startToCloseTimeout: timeoutMs,
    summary: summaryOf(summary),
  });
}

/** Runs the activity that a step names, with the step's own deadline and a summary naming the server. */
export function runStepActivity(
  site: string | undefined,
  step: PlanStep,
  args: StepArgs,
): Promise<StepResult> {
  const activities = proxyActivities<Activities>({
    ...common,
    taskQueue: taskQueueOf(site),
    startToCloseTimeout: deadlineOf(step, args.tuning),
    summary: summaryOf(step.server ? `${step.server}: ${step.title}` : step.title),
  });
  return activities[step.activity](args);
}

/** Waits may have been tuned longer since the plan was made; a soak may be set back and begin again. */
function deadlineOf(step: PlanStep, tuning: StepTuning): number {
  const { soakMs, settleTimeoutMs, drainMs } = tuning;
  switch (step.activity) {
    case 'soak':
      return Math.max(step.timeoutMs, 3 * soakMs + 2 * settleTimeoutMs + SLACK_MS);
    case 'verifyQuorum':
    case 'verifyMembersAgree':
      return Math.max(step.timeoutMs, settleTimeoutMs + SLACK_MS);
    case 'drainNode':
      return Math.max(step.timeoutMs, drainMs + SLACK_MS);
    default:
      return step.timeoutMs;
  }
}
