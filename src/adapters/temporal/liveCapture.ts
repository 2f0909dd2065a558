/** What the activity that captures now says of itself: its heartbeats, which the workflow cannot see. */
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { stillTrueOf, type CaptureStatus, type StatusDocument } from '../../model/status';
import type { Temporal } from './connect';

const CALL_DEADLINE_MS = 5_000;
const ACTIVITIES: readonly unknown[] = ['captureTransactions', 'takeWholeBase'];

/** PENDING_ACTIVITY_STATE_SCHEDULED: it waits for a worker, or to be tried again. */
const SCHEDULED = 1;

type Payloads = Parameters<typeof decodeFromPayloadsAtIndex>[2];

/** The status with the newest lag and counts; as it is where no activity tells any. */
export async function withLiveCapture(
  temporal: Temporal,
  status: StatusDocument,
): Promise<StatusDocument> {
  if (status.capture === undefined) return status;
  const { client } = temporal;
  const { raw } = await temporal.within(CALL_DEADLINE_MS, () =>
    client.workflow.getHandle(status.workflowId).describe(),
  );
  const activity = raw.pendingActivities?.find(({ activityType }) =>
    ACTIVITIES.includes(activityType?.name),
  );
  const failure = activity?.lastFailure?.message ?? undefined;
  if (activity === undefined) return status;
  const { heartbeatDetails, lastHeartbeatTime, lastStartedTime, attempt, state } = activity;
  const payloads: Payloads = heartbeatDetails?.payloads;
  const told = payloads?.length
    ? await decodeFromPayloadsAtIndex<Partial<CaptureStatus>>(
        client.options.loadedDataConverter,
        0,
        payloads,
      )
    : undefined;
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
