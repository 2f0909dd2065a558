/**
 * A strategy reduced to its doors: status, one gate, an end. It stands in for the real one where only the
 * command and Temporal are under test.
 */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { statusFixture } from '../unit/cli/statusFixture';
import type { StatusDocument } from '../../src/model/status';

interface Request {
  ensemble: string;
  target: { version: string };
}

export async function rollingUpgrade(request: Request): Promise<unknown> {
  if (request.ensemble === 'unknown')
    throw ApplicationFailure.nonRetryable(
      'no ensemble "unknown"; known: orders',
      'UnknownEnsemble',
    );
  const { workflowId, runId, startTime } = workflowInfo();
  const planHash = 'abcdef0123456789';
  const status: StatusDocument = statusFixture({
    workflowId,
    runId,
    ensemble: request.ensemble,
    state: 'waiting',
    phase: 'gate',
    headline: 'waiting at gate start',
    gate: {
      gate: 'start',
      why: 'nothing has been changed so far',
      planHash,
      openedAt: startTime.toISOString(),
      onTimeout: 'wait',
    },
  });
  const decide = (decision: 'completed' | 'rejected') => (input: { approver: string }) => {
    status.gate = undefined;
    status.state = decision;
    status.headline = `${decision} by ${input.approver}`;
    status.events.push({ at: new Date().toISOString(), text: `decided by ${input.approver}` });
    return status;
  };
  const validator = (input: { gate: string; planHash?: string }) => {
    if (status.gate?.gate !== input.gate)
      throw ApplicationFailure.nonRetryable(
        `the run waits at gate start, not at ${input.gate}`,
        'Refused',
      );
    if (input.planHash !== undefined && !planHash.startsWith(input.planHash))
      throw ApplicationFailure.nonRetryable('the plan in force is another', 'Refused');
  };
  setHandler(defineQuery<StatusDocument>('status'), () => status);
  setHandler(defineUpdate<StatusDocument, [never]>('approve'), decide('completed'), { validator });
  setHandler(defineUpdate<StatusDocument, [never]>('reject'), decide('rejected'), { validator });
  await condition(() => status.gate === undefined);
  return { outcome: status.state };
}

export function planStrategy(request: { input: Request }): Promise<unknown> {
  const { plan } = statusFixture();
  return Promise.resolve({ ...plan, ensemble: request.input.ensemble });
}

export function takeBase(request: unknown): Promise<unknown> {
  return Promise.resolve(request);
}
