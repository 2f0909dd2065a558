/** The newest activity in the tail of a run's history, where no worker is there to tell the run's own word. */
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { Temporal } from './connect';
import { CALL_DEADLINE_MS } from './deadlines';

const TAIL_EVENTS = 100;

/** What goes on beside the steps says nothing of how far they are. */
const BESIDE: readonly (string | null | undefined)[] = [
  'probeAvailability',
  'captureTransactions',
  'followTrees',
  'watchReadiness',
  'watchFence',
  'deliverWebhook',
];

export interface LastStep {
  activity: string;
  /** ISO 8601. */
  scheduledAt: string;
  /** Absent while it is under way, or waits for a worker. */
  endedAt?: string;
}

/** Undefined where the tail names none, or can't be read: it is told beside what counts. */
export async function lastStep(
  temporal: Temporal,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<LastStep | undefined> {
  const { history } = await temporal
    .within(CALL_DEADLINE_MS, () =>
      temporal.client.workflowService.getWorkflowExecutionHistoryReverse({
        namespace: temporal.namespace,
        execution: { workflowId, runId },
        maximumPageSize: TAIL_EVENTS,
      }),
    )
    .catch(() => ({ history: undefined }));
  const ended = new Map<string, string>();
  const timeOf = (at: Parameters<typeof optionalTsToMs>[0]): string =>
    new Date(optionalTsToMs(at) ?? 0).toISOString();
  for (const event of history?.events ?? []) {
    const { scheduledEventId } =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes ??
      {};
    if (scheduledEventId) ended.set(String(scheduledEventId), timeOf(event.eventTime));
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (!activity || BESIDE.includes(activity)) continue;
    const endedAt = ended.get(String(event.eventId));
    return { activity, scheduledAt: timeOf(event.eventTime), ...(endedAt && { endedAt }) };
  }
  return undefined;
}
