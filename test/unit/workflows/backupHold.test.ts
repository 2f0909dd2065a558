/** What a hot backup says when a failure holds it: how far the capture had come, and nothing as if it went on. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { hold } from '../../../workflows/backup/hold';
import type { BackupState } from '../../../workflows/backup/state';
import { lastTold } from '../../../workflows/backup/status';

const AT = '2026-01-02T00:00:00.000Z';
const base = (takenAt: string, usableFrom: string) => ({ takenAt, usableFrom, bytes: 1 });

const failure = (details: unknown[]) =>
  new ActivityFailure(
    'Activity task failed',
    'captureTransactions',
    '1',
    'NON_RETRYABLE_FAILURE',
    undefined,
    ApplicationFailure.nonRetryable('taken over', 'WriterReplaced', ...details),
  );

const running = (): BackupState => ({
  input: { ensemble: 'orders', repository: 'main' } as BackupState['input'],
  ...{ workflowId: 'w', runId: 'r', state: 'running', headline: '', startedAt: AT },
  ...{ baseEveryMs: 60_000, txns: 10, plainBytes: 100, bases: 0, bytesAtBase: 0, events: [] },
  progress: { state: 'capturing', durableUpTo: '0x1', at: '2026-01-01T00:00:00.000Z' },
});

test('what the capture told last, and when, is kept; not what was of the moment', () => {
  const state = running();
  const progress = {
    ...{ state: 'capturing', durableUpTo: '0x9', at: AT, txns: 5, plainBytes: 50, holes: 1 },
    ...{ leader: 'zk1:2888', lag: { txns: 1, ms: 2 }, storingBase: true, spooledBytes: 7 },
  };
  hold(state, failure([{ progress }]));
  expect(state).toMatchObject({
    error: { type: 'WriterReplaced', message: 'taken over' },
    paused: { held: true },
    ...{ txns: 15, plainBytes: 150 },
  });
  expect(JSON.parse(JSON.stringify(lastTold(state)))).toEqual({
    ...{ state: 'capturing', durableUpTo: '0x9', at: AT, txns: 5, plainBytes: 50, holes: 1 },
  });
});

test('without it, what was told before stays, with its own date', () => {
  const state = running();
  hold(state, failure([]));
  expect(lastTold(state)).toMatchObject({ durableUpTo: '0x1', at: '2026-01-01T00:00:00.000Z' });
});

test('the newest base is shown, whoever took it', () => {
  const state = running();
  state.lastBase = base('2026-01-01T00:00:00.000Z', '0x5');
  expect(lastTold(state).lastBase?.usableFrom).toBe('0x5');
  state.progress = { ...state.progress!, lastBase: base(AT, '0x8') };
  expect(lastTold(state).lastBase?.usableFrom).toBe('0x8');
});
