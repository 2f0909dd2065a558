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

/** Whether asking again later can give an answer: the worker or the server was away for a moment. */
export const isAway = (error: unknown): boolean =>
  isZkferryError(error) && (error.type === 'NoWorker' || error.type === 'TemporalUnavailable');

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
    throw noWorker(`${what}: sent, and it takes effect as soon as a worker runs`, error, {
      sent: true,
    });
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

function notFound(temporal: Temporal, what: string, cause: unknown): ZkferryError {
  return new ZkferryError(
    'RunNotFound',
    `${what}: no such run at ${temporal.address}, namespace ${temporal.namespace}; zkferry status lists the runs there`,
    { cause },
  );
}
