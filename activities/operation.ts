/** What every activity does alike: heartbeats while it works, hears cancellation, fails with a stable type. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isZkferryError, ZkferryError } from '../src/model/errors';
import type { FenceToken, OperationContext } from '../src/model/ports';
import type { FencePosition } from './api';

const HEARTBEAT_EVERY_MS = 1_000;

/** Runs `work` as the body of the current activity. */
export async function operation<T>(work: (context: OperationContext) => Promise<T>): Promise<T> {
  const activity = Context.current();
  let detail: unknown = activity.info.heartbeatDetails;
  const beat = () => activity.heartbeat(detail);
  const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
  try {
    return await work({
      signal: activity.cancellationSignal,
      heartbeat: (next) => {
        if (next !== undefined) detail = next;
      },
    });
  } catch (error) {
    if (activity.cancellationSignal.aborted && !isFatal(error))
      throw new CancelledFailure('the activity was cancelled');
    throw asFailure(error);
  } finally {
    clearInterval(timer);
  }
}

const isFatal = (error: unknown): boolean => isZkferryError(error) && error.type === 'StaleFence';

function asFailure(error: unknown): unknown {
  if (!isZkferryError(error)) return error;
  return ApplicationFailure.create({
    type: error.type,
    message: error.message,
    nonRetryable: !error.options.retryable,
    details: error.options.details === undefined ? [] : [error.options.details],
  });
}

/** The token of this very attempt. */
export function tokenOf(fence: FencePosition): FenceToken {
  return { ...fence, attempt: Context.current().info.attempt };
}

/**
 * Asks `attempt` again and again until it gives a value.
 * @throws WaitTimedOut naming what was waited for and the last reasons
 */
export async function waitFor<T>(
  what: string,
  options: { timeoutMs: number; everyMs?: number; context: OperationContext },
  attempt: () => Promise<{ value: T } | { reasons: string[] }>,
): Promise<T> {
  const { context, timeoutMs, everyMs = 300 } = options;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    context.signal.throwIfAborted();
    const outcome = await attempt();
    if ('value' in outcome) return outcome.value;
    context.heartbeat({ waitingFor: outcome.reasons });
    if (Date.now() >= deadline)
      throw new ZkferryError(
        'WaitTimedOut',
        `${what}: not so after ${timeoutMs} ms (${outcome.reasons.join('; ')}); look at the server's log, then resume or roll back`,
      );
    await pause(everyMs, context.signal);
  }
}

/** Resolves after `ms`, rejects at once when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}
