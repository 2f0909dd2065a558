/** The newest step in the tail of a history. */
import { msToTs } from '@temporalio/common/lib/time';
import { lastStep } from '../../../src/adapters/temporal/lastStep';
import type { Temporal } from '../../../src/adapters/temporal/connect';

const at = (seconds: number) => msToTs(seconds * 1_000);

const scheduled = (eventId: number, name: string) => ({
  ...{ eventId, eventTime: at(eventId) },
  activityTaskScheduledEventAttributes: { activityType: { name } },
});

const completed = (eventId: number, scheduledEventId: number) => ({
  ...{ eventId, eventTime: at(eventId) },
  activityTaskCompletedEventAttributes: { scheduledEventId },
});

const told = (answer: () => Promise<object>) =>
  lastStep(
    {
      within: (_: number, call: () => Promise<object>) => call(),
      client: { workflowService: { getWorkflowExecutionHistoryReverse: answer } },
    } as unknown as Temporal,
    { workflowId: 'w', runId: 'r' },
  );

/** Newest first. */
const toldOf = (...events: object[]) => told(() => Promise.resolve({ history: { events } }));

test('is the newest that is no watch beside the steps, with its end where it has ended', async () => {
  const started = scheduled(3, 'startServer');
  const probe = scheduled(5, 'probeAvailability');
  expect(await toldOf(probe, started, scheduled(1, 'stopServer'))).toEqual({
    activity: 'startServer',
    scheduledAt: '1970-01-01T00:00:03.000Z',
  });
  expect(await toldOf(completed(7, 3), probe, started)).toMatchObject({
    activity: 'startServer',
    endedAt: '1970-01-01T00:00:07.000Z',
  });
});

test('is unknown where the tail names none, or cannot be read', async () => {
  expect(await toldOf()).toBeUndefined();
  expect(await told(() => Promise.reject(new Error('away')))).toBeUndefined();
});
