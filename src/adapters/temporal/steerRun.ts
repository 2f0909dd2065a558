/** What a run itself answers: its status, and what it makes of a control. */
import { randomUUID } from 'node:crypto';
import { type ControlName, STATUS_QUERY } from '../../model/contract';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ControlInputs } from '../../model/inputs';
import { endedFromOutside, outsideEndOf } from '../../model/runEnd';
import type { StatusDocument } from '../../model/status';
import type { Temporal } from './connect';
import { ASK_DEADLINE_MS, CALL_DEADLINE_MS } from './deadlines';
import { describeRun, withOutcome } from './describeRun';
import { noWorker, rethrow, wasSent, workerSlow } from './failure';
import { withLaterDeliveries } from './laterDeliveries';
import { withLiveCapture } from './liveCapture';
import { withLiveMigration } from './liveMigration';
import { withLiveSteps } from './liveSteps';
import { isOver } from './over';
import { askOnce, describeOnce } from './pendingActivities';
import { hasWorker, POLLED_WITHIN_MS } from './pollers';

const UPDATE_DEADLINE_MS = 15_000;

/** @throws RunNotFound; NoWorker, or WorkerSlow where one polls, when none answers; Refused when the run has no status to give */
export async function getStatus(
  temporal: Temporal,
  workflowId: string,
  deadlineMs = CALL_DEADLINE_MS,
): Promise<StatusDocument> {
  try {
    const ask = () =>
      temporal.within(deadlineMs, () =>
        temporal.client.workflow.getHandle(workflowId).query<StatusDocument>(STATUS_QUERY),
      );
    const describe = describeOnce(temporal, workflowId);
    const status = await withEnd(ask, describe);
    const pending = askOnce(temporal, workflowId, describe);
    const captured = await withLiveCapture(temporal, status, pending);
    const live = await withLiveMigration(temporal, captured, pending);
    return await withLiveSteps(temporal, await withLaterDeliveries(temporal, live), pending);
  } catch (error) {
    return rethrowUnanswered(temporal, workflowId, error, deadlineMs);
  }
}

/** Terminated from outside, a run's own status never hears of it: then Temporal's word counts. */
async function withEnd(
  ask: () => Promise<StatusDocument>,
  describe: ReturnType<typeof describeOnce>,
): Promise<StatusDocument> {
  const status = await ask();
  if (isOver(status.state)) return status;
  // What the run itself says is better than nothing.
  const described = await describe().catch(() => undefined);
  const end = described && outsideEndOf(described.status.name);
  if (end === undefined) return status;
  // It may have said its last word between the two.
  const last = await ask();
  return isOver(last.state)
    ? last
    : endedFromOutside(last, end, described?.closeTime?.toISOString());
}

/**
 * Sends a control as an update, so that the run's refusal comes back.
 * @returns the status right after it was taken
 * @throws Refused with the run's own reason; NoWorker when nobody is there to answer, and it was not sent; that, or WorkerSlow
 * where one polls, when nobody answered in time: then it may still be taken
 */
export async function sendControl<K extends ControlName>(
  temporal: Temporal,
  workflowId: string,
  name: K,
  input: ControlInputs[K],
): Promise<StatusDocument> {
  const handle = temporal.client.workflow.getHandle(workflowId);
  // What nobody could answer now would be carried out whenever a worker comes: then it is not even sent.
  if (!(await hasWorker(temporal))) {
    await describeRun(temporal, workflowId);
    throw noWorker(`${name} was not sent`);
  }
  try {
    return await temporal.within(UPDATE_DEADLINE_MS, () =>
      handle.executeUpdate<StatusDocument, [ControlInputs[K]]>(name, {
        args: [input],
        updateId: randomUUID(),
      }),
    );
  } catch (error) {
    const known = await describeRun(temporal, workflowId)
      .then((run) => withOutcome(temporal, run))
      .catch(() => undefined);
    if (known && known.status !== 'RUNNING')
      throw new ZkferryError(
        'Refused',
        `${workflowId} is over (${known.outcome ?? known.status.toLowerCase()}): ${name} can't be taken any more`,
        { cause: error },
      );
    return rethrowUnanswered(temporal, workflowId, error, UPDATE_DEADLINE_MS);
  }
}

/** As `rethrow` does; but of a worker that polls it is not said that there is none. */
async function rethrowUnanswered(
  temporal: Temporal,
  what: string,
  error: unknown,
  waitedMs: number,
): Promise<never> {
  try {
    return rethrow(temporal, what, error);
  } catch (known) {
    if (!isZkferryError(known) || known.type !== 'NoWorker') throw known;
    const presence = { withinMs: POLLED_WITHIN_MS, deadlineMs: ASK_DEADLINE_MS };
    const polls = await hasWorker(temporal, presence).catch((away: unknown) => {
      // That it was sent must not be lost.
      throw wasSent(known) ? known : away;
    });
    if (!polls) throw known;
    throw workerSlow(what, known, waitedMs);
  }
}
