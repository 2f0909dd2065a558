/** Runs that are open while workers are updated go on where they are: recorded histories still fit the workflow. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { buildBundle } from '../../worker/bundle';
import { fromJson, type HistoryEventJson, type HistoryJson } from '../histories/format';

const directory = join(__dirname, '..', 'histories');
const names = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

const recorded = (name: string): HistoryJson =>
  JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')) as HistoryJson;

let workflowBundle: { code: string };

beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger });
  workflowBundle = { code: (await buildBundle()).code };
}, 120_000);

const replay = (history: HistoryJson): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle }, fromJson(history));

const countOf = ({ events }: HistoryJson, type: string): number =>
  events.filter(({ eventType }) => eventType === `EVENT_TYPE_${type}`).length;

test.each(names)('history %s replays', async (name) => {
  await replay(recorded(name));
});

test('the histories cover what they are named for', () => {
  expect(names.sort()).toEqual([
    ...['backedUp', 'baseTaken', 'copiedBack', 'drilled', 'forward', 'movedBack', 'pausedAndTuned'],
    ...[
      'rejected',
      'resized',
      'resizedBack',
      'restored',
      'restoredBack',
      'rolledBack',
      'stretched',
    ],
  ]);
  for (const name of names) expect(countOf(recorded(name), 'WORKFLOW_EXECUTION_COMPLETED')).toBe(1);
  const paused = recorded('pausedAndTuned');
  expect(countOf(paused, 'WORKFLOW_EXECUTION_SIGNALED')).toBeGreaterThanOrEqual(2);
  expect(countOf(paused, 'WORKFLOW_EXECUTION_UPDATE_COMPLETED')).toBeGreaterThanOrEqual(3);
  const activities = (name: string) =>
    recorded(name).events.flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType.name ?? [],
    );
  expect(activities('forward').filter((name) => name === 'stopServer')).toHaveLength(3);
  expect(activities('rolledBack').filter((name) => name === 'stopServer')).toHaveLength(6);
  expect(activities('rolledBack')).toContain('revertPackage');
  expect(activities('rejected')).not.toContain('acquireLock');
  const changes = (name: string) =>
    activities(name).filter((activity) => activity === 'changeMembers').length;
  expect([changes('resized'), changes('resizedBack')]).toEqual([2, 2]);
  expect(activities('resizedBack')).toContain('planResizeBack');
  const captures = activities('backedUp').filter((name) => name === 'captureTransactions');
  expect(captures).toHaveLength(2);
  expect(activities('baseTaken')).toContain('takeUsableBase');
  expect(activities('drilled')).toContain('proveBackup');
  expect(activities('restored').filter((name) => name === 'placeData')).toHaveLength(3);
  expect(activities('restoredBack')).toContain('bringBackData');
  expect(activities('stretched')).toContain('retireServers');
  expect(activities('movedBack').filter((name) => name === 'reconcileTail')).toHaveLength(2);
  expect(activities('copiedBack').filter((name) => name === 'drainTrees')).toHaveLength(2);
  expect(activities('copiedBack')).toContain('followTrees');
});

describe('a workflow that would now act otherwise does not replay', () => {
  const changed = (change: (events: HistoryEventJson[]) => void): HistoryJson => {
    const history = recorded('forward');
    change(history.events);
    return history;
  };
  const scheduled = (events: HistoryEventJson[], name: string) =>
    events.find((event) => event.activityTaskScheduledEventAttributes?.activityType.name === name)!;

  test('another activity at that place', async () => {
    const history = changed((events) => {
      scheduled(events, 'upgradePackage').activityTaskScheduledEventAttributes!.activityType.name =
        'startServer';
    });
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });

  test('one more command than before', async () => {
    const history = changed((events) => {
      const start = events.findIndex(({ eventType }) =>
        eventType.endsWith('START_CHILD_WORKFLOW_EXECUTION_INITIATED'),
      );
      events[start] = {
        ...events[start]!,
        eventType: 'EVENT_TYPE_TIMER_STARTED',
        startChildWorkflowExecutionInitiatedEventAttributes: undefined,
        timerStartedEventAttributes: {
          timerId: '1',
          startToFireTimeout: { seconds: '1' },
          workflowTaskCompletedEventId: '4',
        },
      };
    });
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
