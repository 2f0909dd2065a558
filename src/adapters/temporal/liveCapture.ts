/** What the activity that captures now says of itself: its heartbeats, which the workflow cannot see. */
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { stillTrueOf, type CaptureStatus, type StatusDocument } from '../../model/status';
import type { Temporal } from './connect';
import { askOnce, failureTold, toldBy } from './pendingActivities';

const ACTIVITIES: readonly unknown[] = ['captureTransactions', 'takeWholeBase'];

/** PENDING_ACTIVITY_STATE_SCHEDULED: it waits for a worker, or to be tried again. */
const SCHEDULED = 1;

/** The status with the newest lag and counts; as it is where no activity tells any. */
export async function withLiveCapture(
  temporal: Temporal,
  status: StatusDocument,
  pending = askOnce(temporal, status.workflowId),
): Promise<StatusDocument> {
  if (status.capture === undefined) return status;
  const activity = (await pending()).find(({ activityType }) =>
    ACTIVITIES.includes(activityType?.name),
  );
  if (activity === undefined) return status;
  const failure = await failureTold(temporal, activity);
  const { lastHeartbeatTime, lastStartedTime, attempt, state } = activity;
  const told = await toldBy<Partial<CaptureStatus>>(temporal, activity);
  const at = lastHeartbeatTime?.seconds
    ? new Date(Number(lastHeartbeatTime.seconds) * 1_000).toISOString()
    : undefined;
  const isWaiting = Number(state) === SCHEDULED;
  // What the attempt before failed of is over once this one captures.
  const isOver =
    !isWaiting &&
    told?.state === 'capturing' &&
    (optionalTsToMs(lastHeartbeatTime) ?? 0) > (optionalTsToMs(lastStartedTime) ?? 0);
  return {
    ...status,
    capture: {
      ...status.capture,
      state: 'attaching',
      ...(isWaiting && told ? { ...stillTrueOf(told), state: 'attaching' } : told),
      ...(at !== undefined && told?.at === undefined && { at }),
      ...((isWaiting || told?.trouble === undefined) &&
        !isOver &&
        (attempt ?? 1) > 1 &&
        failure !== undefined && { trouble: `attempt ${attempt}: ${failure}` }),
    },
  };
}
