/** A run that was ended from outside does not look alive, though its own status never hears of it. */
import type { Temporal } from '../../../src/adapters/temporal/connect';
import { withOutcome } from '../../../src/adapters/temporal/describeRun';
import { getStatus } from '../../../src/adapters/temporal/steerRun';
import type { RunSummary } from '../../../src/adapters/temporal/runSummary';
import type { StatusDocument } from '../../../src/model/status';
import { statusFixture } from '../cli/statusFixture';

const waiting = statusFixture({
  ...{ state: 'waiting', headline: 'waits at gate start' },
  gate: { gate: 'start' } as StatusDocument['gate'],
  nextActions: [{ action: 'approve', input: {}, description: 'go' }],
});
const closeTime = new Date('2026-01-31T00:00:00Z');

/** Temporal's word, and what the run answers, one after the other. */
function temporal(word: string, ...answers: StatusDocument[]): Temporal {
  const query = () => Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]);
  const describe = () =>
    Promise.resolve({ status: { name: word }, closeTime, raw: { pendingActivities: [] } });
  return {
    within: (_ms: number, work: () => unknown) => work(),
    client: { workflow: { getHandle: () => ({ query, describe }) } },
  } as unknown as Temporal;
}

test.each([
  ['TERMINATED', 'terminated', 'terminated from outside'],
  ['CANCELLED', 'cancelled', 'cancelled from outside'],
  ['TIMED_OUT', 'timedOut', 'timed out in Temporal'],
])('%s: it is over, and nobody is asked anything', async (word, outcome, said) => {
  const status = await getStatus(temporal(word, waiting), 'CHG-1');
  expect(status).toMatchObject({ state: 'failed', closed: outcome, nextActions: [] });
  expect(status.gate).toBeUndefined();
  expect(status.rollback.possible).toBe(false);
  expect(status.headline).toBe(`${said} at 2026-01-31T00:00:00.000Z, at: waits at gate start`);
  const run = { workflowId: 'CHG-1', status: word } as RunSummary;
  expect(await withOutcome(temporal(word, waiting), run)).toMatchObject({ outcome });
});

test('one that goes on is told as it is; of one that ends meanwhile its own last word counts', async () => {
  expect(await getStatus(temporal('RUNNING', waiting), 'CHG-1')).toMatchObject(waiting);
  const over = statusFixture({ state: 'rolledBack' });
  expect(await getStatus(temporal('FAILED', waiting, over), 'CHG-1')).toEqual(over);
});
