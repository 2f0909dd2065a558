/** What Temporal's client throws, as errors of ours with stable types. */
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  NamespaceNotFoundError,
  TerminatedFailure,
} from '@temporalio/common';
import { TASK_QUEUE } from '../../model/contract';
import { isZkferryError, ZkferryError, type ErrorType } from '../../model/errors';
import type { Temporal } from './connect';

/** gRPC status codes: grpc/doc/statuscodes.md. */
const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The failure of a run: the innermost one that carries a type, in words. */
export function failureOf(error: unknown): { type: string; message: string } {
  let found: { type: string; message: string } | undefined;
  let current: unknown = error;
  for (let depth = 0; depth < 20 && current instanceof Error; depth += 1) {
    if (current instanceof ApplicationFailure && found === undefined)
      found = { type: current.type ?? 'Internal', message: current.message };
    if (current instanceof CancelledFailure)
      found ??= { type: 'Cancelled', message: 'the run was cancelled' };
    if (current instanceof TerminatedFailure)
      found ??= { type: 'Terminated', message: `the run was terminated: ${current.message}` };
    current = current.cause;
  }
  const message = error instanceof Error ? error.message : String(error);
  return found ?? { type: 'Internal', message };
}

/** Whether Temporal finds that what was sent to it can't be right. */
export const isInvalidArgument = (error: unknown): boolean =>
  isGrpcServiceError(error) && Number(error.code) === GRPC.invalidArgument;

const AWAY: readonly ErrorType[] = ['NoWorker', 'WorkerSlow', 'TemporalUnavailable'];

/** Whether asking again later can give an answer: the worker or the server was away for a moment. */
export const isAway = (error: unknown): boolean =>
  isZkferryError(error) && AWAY.includes(error.type);

/**
 * Never returns normally.
 * @param what names the run, or what was asked, for the message
 * @param answers who it was asked of: a worker, by way of Temporal, or Temporal alone
 */
export function rethrow(
  temporal: Temporal,
  what: string,
  error: unknown,
  answers: 'worker' | 'temporal' = 'worker',
): never {
  if (isZkferryError(error)) throw error;
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) {
    const { type, message } = failureOf(error.cause ?? error);
    throw new ZkferryError(type as ErrorType, message, { cause: error });
  }
  if (error instanceof QueryNotRegisteredError)
    throw new ZkferryError(
      'Refused',
      `${what}: the run says nothing of its status: ${error.message}`,
    );
  if (error instanceof NamespaceNotFoundError) throw noNamespace(temporal, error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    throw noWorker(notConfirmed(what), error, { sent: true });
  if (error instanceof WorkflowNotFoundError) throw notFound(temporal, what, error);
  throw fromService(temporal, what, error, answers);
}

function fromService(
  temporal: Temporal,
  what: string,
  error: unknown,
  answers: 'worker' | 'temporal',
): unknown {
  const service = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  if (!isGrpcServiceError(service)) return error;
  const code: number = service.code;
  const details = service.details || service.message;
  if (code === GRPC.notFound && /namespace/i.test(details)) return noNamespace(temporal, error);
  if (code === GRPC.notFound) return notFound(temporal, what, error);
  // The server may be the first to see that the call's deadline has passed: it says cancelled then.
  const isLate = code === GRPC.deadlineExceeded || code === GRPC.cancelled;
  if (isLate && answers === 'temporal')
    return new ZkferryError(
      'TemporalUnavailable',
      `${what}: temporal at ${temporal.address} did not answer in time; look whether it runs. Runs are not affected`,
      { retryable: true, cause: error },
    );
  if (isLate || code === GRPC.failedPrecondition) return noWorker(what, error);
  if (code === GRPC.permissionDenied || code === GRPC.unauthenticated)
    return new ZkferryError(
      'TemporalUnavailable',
      `temporal at ${temporal.address} refused the credentials: ${details}; look at TEMPORAL_API_KEY and the TEMPORAL_TLS settings`,
      { cause: error },
    );
  if (code === GRPC.unavailable)
    return new ZkferryError(
      'TemporalUnavailable',
      `temporal at ${temporal.address} went away: ${details}; the run itself is not affected`,
      { retryable: true, cause: error },
    );
  return new ZkferryError('TemporalUnavailable', `${what}: temporal says: ${details}`, {
    cause: error,
  });
}

function noNamespace(temporal: Temporal, cause: unknown): ZkferryError {
  return new ZkferryError(
    'TemporalUnavailable',
    `temporal at ${temporal.address} has no namespace ${JSON.stringify(temporal.namespace)}; create it, or name another with --namespace`,
    { cause },
  );
}

const notConfirmed = (what: string): string =>
  `${what}: sent, and not confirmed; it may be taken later, or be lost: look at the status, and send it again if it does not show`;

/** Whether what nobody has answered in time may be taken all the same. */
export const wasSent = (error: unknown): boolean =>
  isZkferryError(error) && (error.options.details as { sent?: unknown } | undefined)?.sent === true;

export function noWorker(what: string, cause?: unknown, details?: object): ZkferryError {
  return new ZkferryError(
    'NoWorker',
    `${what}: no worker answered on task queue ${TASK_QUEUE}; start one with zkferry worker`,
    { retryable: true, cause, ...(details && { details }) },
  );
}

/** Where one has polled lately: `known` is what would have been said if none did. */
export function workerSlow(what: string, known: ZkferryError, waitedMs: number): ZkferryError {
  const { cause, details } = known.options;
  const service = cause instanceof Error && !isGrpcServiceError(cause) ? cause.cause : cause;
  const refused =
    isGrpcServiceError(service) && Number(service.code) === GRPC.failedPrecondition
      ? `can't answer (${service.details || service.message})`
      : `has not answered within ${waitedMs / 1_000} s`;
  return new ZkferryError(
    'WorkerSlow',
    `${wasSent(known) ? notConfirmed(what) : what}: a worker has polled task queue ${TASK_QUEUE} lately, and ${refused}: it is busy, replays a long history, can't replay it, or has just ended (then start one with zkferry worker); its log says which`,
    { retryable: true, cause, ...(details !== undefined && { details }) },
  );
}

export function notFound(temporal: Temporal, what: string, cause?: unknown): ZkferryError {
  return new ZkferryError(
    'RunNotFound',
    `${what}: no such run at ${temporal.address}, namespace ${temporal.namespace}; zkferry status lists the runs there`,
    { cause },
  );
}
