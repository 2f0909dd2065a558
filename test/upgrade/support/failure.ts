/** How a run failed, as an operator or a script sees it. */
import { strict as assert } from 'node:assert';
import type { WorkflowHandle } from '@temporalio/client';
import type { Finding } from '../../../src/model/facts';

export interface Failure {
  type: string;
  message: string;
  nonRetryable: boolean;
  findings: Finding[];
}

interface ApplicationFailureShape {
  name: string;
  type?: string;
  message: string;
  nonRetryable?: boolean;
  details?: unknown[];
}

const WITHIN_MS = 60_000;

/** Waits for the end of a run that must fail; one that goes on is terminated, so that it holds nothing. */
export async function failureOf(handle: WorkflowHandle): Promise<Failure> {
  const late = setTimeout(
    () => void handle.terminate(`had not failed after ${WITHIN_MS} ms`),
    WITHIN_MS,
  );
  const outcome = await handle.result().then(
    () => undefined,
    (error: { cause?: ApplicationFailureShape }) => error,
  );
  clearTimeout(late);
  assert.ok(outcome, 'the run has not failed');
  const { cause } = outcome;
  assert.ok(
    cause?.name === 'ApplicationFailure',
    `failed otherwise: ${String(cause?.name)}: ${cause?.message}`,
  );
  const [details] = cause.details ?? [];
  return {
    type: cause.type ?? '',
    message: cause.message,
    nonRetryable: cause.nonRetryable === true,
    findings: cause.type === 'PreflightFailed' ? (details as Finding[]) : [],
  };
}
