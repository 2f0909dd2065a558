/** Activities of a run that are under way, and what they say of themselves. */
import type { WorkflowHandle } from '@temporalio/client';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow';
import type { Temporal } from './connect';

const CALL_DEADLINE_MS = 5_000;

type Payloads = Parameters<typeof decodeFromPayloadsAtIndex>[2];

type Description = Awaited<ReturnType<WorkflowHandle['describe']>>;
export type PendingActivity = NonNullable<Description['raw']['pendingActivities']>[number];

/** Asks once, and only if somebody wants to know: several parts of a status tell of what Temporal says. */
export function describeOnce(
  { client, within }: Temporal,
  workflowId: string,
): () => Promise<Description> {
  let asked: Promise<Description> | undefined;
  return () =>
    (asked ??= within(CALL_DEADLINE_MS, () => client.workflow.getHandle(workflowId).describe()));
}

/** Of those under way, asked once. */
export function askOnce(
  temporal: Temporal,
  workflowId: string,
  describe = describeOnce(temporal, workflowId),
): () => Promise<readonly PendingActivity[]> {
  return async () => (await describe()).raw.pendingActivities ?? [];
}

/** Its newest heartbeat; undefined where it has told none. */
export async function toldBy<T>(
  { client }: Temporal,
  { heartbeatDetails }: PendingActivity,
): Promise<T | undefined> {
  const payloads: Payloads = heartbeatDetails?.payloads;
  if (!payloads?.length) return undefined;
  return decodeFromPayloadsAtIndex<T>(client.options.loadedDataConverter, 0, payloads);
}

/** Why its last attempt failed; undefined where none has. */
export async function failureTold(
  { client }: Temporal,
  { lastFailure }: PendingActivity,
): Promise<string | undefined> {
  const error = await decodeOptionalFailureToOptionalError(
    client.options.loadedDataConverter,
    lastFailure,
  );
  return error?.message || undefined;
}
