/** How a hot backup calls its activities. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/api';
import { taskQueueOf } from '../../src/model/contract';
import type { BackupState } from './state';

/** A worker that died is noticed after this long; the next one goes on. */
const HEARTBEAT_TIMEOUT_MS = 5_000;

/** `attempts`: as many as it takes without it. */
export const activitiesOf = (
  state: BackupState,
  timeoutMs: number,
  summary: string,
  attempts?: number,
) =>
  proxyActivities<Activities>({
    taskQueue: taskQueueOf(state.opened?.site),
    startToCloseTimeout: timeoutMs,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      ...{ initialInterval: 500, backoffCoefficient: 1.5, maximumInterval: 10_000 },
      ...(attempts !== undefined && { maximumAttempts: attempts }),
    },
    summary,
  });

export const BASE_MS = 6 * 3_600_000;
/** A base that failed is tried again after this long. */
export const BASE_AGAIN_MS = 60_000;
