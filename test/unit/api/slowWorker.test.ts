/** A worker that polls and does not answer is not taken for one that is not there. */
import type { Temporal } from '../../../src/adapters/temporal/connect';
import { isAway, wasSent } from '../../../src/adapters/temporal/failure';
import { getStatus, sendControl } from '../../../src/adapters/temporal/steerRun';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';

const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;

const grpcError = (code: number, details: string): Error =>
  Object.assign(new Error(details), { code, details, metadata: {} });

/** Temporal as far as it is asked here: `polledAgoMs` absent where no worker is known. */
function temporalWhere(error: Error, polledAgoMs?: number): Temporal {
  const fail = () => Promise.reject(error);
  const seconds = Math.round((Date.now() - (polledAgoMs ?? 0)) / 1_000);
  const pollers = polledAgoMs === undefined ? [] : [{ lastAccessTime: { seconds } }];
  return {
    ...{ address: 'temporal:7233', namespace: 'default', sealed: false },
    client: {
      workflow: { getHandle: () => ({ query: fail, executeUpdate: fail, describe: fail }) },
      connection: { workflowService: { describeTaskQueue: () => Promise.resolve({ pollers }) } },
    } as unknown as Temporal['client'],
    within: (_ms, call) => call(),
    close: () => Promise.resolve(),
  };
}

const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const late = grpcError(DEADLINE_EXCEEDED, 'context deadline exceeded');

test('of one that polls it is said that it has not answered, and to start one only where it has ended', async () => {
  const error = await caught(getStatus(temporalWhere(late, 5_000), 'chg-1', 3_000));
  expect(error).toMatchObject({
    ...{ type: 'WorkerSlow', options: { retryable: true } },
    message: expect.stringMatching(/^chg-1: .* has not answered within 3 s: .* its log/) as string,
  });
  expect(String(error)).toContain('has just ended (then start one with zkferry worker)');
  expect(isAway(error)).toBe(true);
});

test('of one that fails at the run Temporal knows more', async () => {
  const failed = grpcError(FAILED_PRECONDITION, 'Workflow Task in failed state');
  const error = await caught(getStatus(temporalWhere(failed, 5_000), 'chg-1'));
  expect(error).toMatchObject({
    type: 'WorkerSlow',
    message: expect.stringContaining("can't answer (Workflow Task in failed state)") as string,
  });
});

test.each([undefined, 200_000])('where none polls one is to be started', async (polledAgoMs) => {
  const error = await caught(getStatus(temporalWhere(late, polledAgoMs), 'chg-1'));
  expect(error).toMatchObject({
    type: 'NoWorker',
    message: expect.stringContaining('start one') as string,
  });
});

test('that a control was sent is not lost over it', async () => {
  const silent = new WorkflowUpdateRPCTimeoutOrCancelledError('late', { cause: late });
  const error = await caught(sendControl(temporalWhere(silent, 5_000), 'chg-1', 'pause', {}));
  expect(error).toMatchObject({
    type: 'WorkerSlow',
    message: expect.stringMatching(/sent, and not confirmed.* within 15 s/) as string,
  });
  expect(wasSent(error)).toBe(true);
});
