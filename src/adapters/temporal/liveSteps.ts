/** What the steps of a run wait for now: the workflow sees neither failures that are tried again nor heartbeats. */
import type { PlannedStep, Retry, StatusDocument } from '../../model/status';
import type { Temporal } from './connect';
import { askOnce, failureTold, toldBy, type PendingActivity } from './pendingActivities';

/** Told of in places of their own. */
const ELSEWHERE: readonly string[] = [
  ...['captureTransactions', 'takeWholeBase', 'followTrees', 'watchReadiness', 'watchFence'],
  ...['probeAvailability', 'deliverWebhook'],
];
const MAX_CHARS = 500;

export async function withLiveSteps(
  temporal: Temporal,
  status: StatusDocument,
  pending = askOnce(temporal, status.workflowId),
): Promise<StatusDocument> {
  const { plan, state } = status;
  if (plan === undefined || (state !== 'running' && state !== 'rollingBack')) return status;
  try {
    return { ...status, ...(await liveOf(temporal, status, plan.steps, pending)) };
  } catch {
    // What the run itself says is better than nothing.
    return status;
  }
}

async function liveOf(
  temporal: Temporal,
  status: StatusDocument,
  steps: readonly PlannedStep[],
  pending: () => Promise<readonly PendingActivity[]>,
): Promise<Pick<StatusDocument, 'throttle' | 'retrying'>> {
  const running = steps.find(({ state }) => state === 'running');
  const retrying: Retry[] = [];
  let { cause } = status.throttle;
  for (const activity of await pending()) {
    const type = activity.activityType?.name ?? '';
    if (ELSEWHERE.includes(type)) continue;
    const reason = await failureTold(temporal, activity);
    if (reason !== undefined)
      retrying.push({ ...{ what: titleOf(type, running), reason }, attempt: attemptOf(activity) });
    if (type === running?.activity)
      cause = causeFrom(await toldBy<object>(temporal, activity), running) ?? cause;
  }
  return {
    throttle: { ...status.throttle, cause },
    ...(retrying.length > 0 && { retrying }),
  };
}

const attemptOf = ({ attempt }: PendingActivity): number => attempt ?? 1;

/** A look before a step, or at the plan, is known by its activity's name only. */
const titleOf = (type: string, running: PlannedStep | undefined): string =>
  running !== undefined && type === running.activity
    ? running.title
    : type === 'checkGuard'
      ? 'the look before the next step'
      : type;

/** What a waiting activity found last, beside what it waits for. */
export function causeFrom(
  told: object | undefined,
  { waitsFor }: Pick<PlannedStep, 'waitsFor'>,
): string | undefined {
  const reasons: unknown = told && 'waitingFor' in told ? told.waitingFor : undefined;
  if (!Array.isArray(reasons) || reasons.length === 0) return undefined;
  return `${waitsFor} (${reasons.map(String).join('; ')})`.slice(0, MAX_CHARS);
}
