/** A server's gauges say what waits, what is held, what ended how, and how old backups are. */
import { Registry } from 'prom-client';
import {
  createRunMetrics,
  samplesOf,
  type RunFacts,
} from '../../../src/adapters/metrics/runMetrics';
import type { RunSummary } from '../../../src/adapters/temporal/runSummary';
import { SERVER_METRICS } from '../../../src/model/metricNames';
import type { CaptureStatus, StatusDocument } from '../../../src/model/status';
import { statusFixture } from '../cli/statusFixture';

const NOW = new Date('2026-03-01T12:00:00Z');
const hoursAgo = (hours: number): string =>
  new Date(NOW.getTime() - hours * 3_600_000).toISOString();

const run = (over: Partial<RunSummary>): RunSummary => ({
  ...{ workflowId: 'w', runId: 'r', strategy: 'rollingUpgrade', status: 'RUNNING' },
  ...{ ensemble: 'orders', startedAt: hoursAgo(5) },
  ...over,
});
const status = (over: Partial<StatusDocument>): StatusDocument =>
  statusFixture({
    ensemble: 'orders',
    workflowId: 'w',
    gate: undefined,
    error: undefined,
    ...over,
  });

/** `name{labels} value` of each. */
const shown = (facts: Partial<RunFacts>, name: string): [Record<string, string>, number][] =>
  samplesOf({ now: NOW, runs: [], statuses: [], ...facts })
    .filter((sample) => sample.name === name)
    .map(({ labels, value }) => [labels, value]);

test('workers: the common queue is missed even where nobody said so', () => {
  expect(shown({}, 'zkferry_workers_polling')).toEqual([[{ task_queue: 'zkferry' }, 0]]);
  expect(
    shown({ polling: { zkferry: true, 'zkferry.east': false } }, 'zkferry_workers_polling'),
  ).toEqual([
    [{ task_queue: 'zkferry' }, 1],
    [{ task_queue: 'zkferry.east' }, 0],
  ]);
});

test('open runs are counted by strategy and state; ended ones are not', () => {
  const runs = [
    run({ state: 'waiting' }),
    run({ state: 'waiting' }),
    run({}),
    run({ status: 'COMPLETED' }),
  ];
  expect(shown({ runs }, 'zkferry_runs_open')).toEqual([
    [{ strategy: 'rollingUpgrade', state: 'waiting' }, 2],
    [{ strategy: 'rollingUpgrade', state: 'unknown' }, 1],
  ]);
});

test('a gate says how long it waits', () => {
  const statuses = [
    status({
      state: 'waiting',
      gate: { gate: 'start', why: '', planHash: '', openedAt: hoursAgo(2), onTimeout: 'wait' },
    }),
    status({}),
  ];
  expect(shown({ statuses }, 'zkferry_gate_waiting_seconds')).toEqual([
    [{ strategy: 'rollingUpgrade', ensemble: 'orders', workflow_id: 'w', gate: 'start' }, 7_200],
  ]);
});

test('a run is held where something stands against it, not where a person paused it', () => {
  const error = { type: 'GuardRefused', message: '' };
  const paused = { since: hoursAgo(1) };
  const statuses = [
    status({ state: 'paused', paused, error }),
    status({ state: 'paused', paused }),
    status({ state: 'failed', error }),
  ];
  expect(shown({ statuses }, 'zkferry_run_held').map(([labels]) => labels.error)).toEqual([
    'GuardRefused',
  ]);
});

test('of runs that ended the newest of each outcome counts', () => {
  const runs = [
    run({ status: 'FAILED', outcome: 'failed', closedAt: hoursAgo(1) }),
    run({ status: 'FAILED', outcome: 'failed', closedAt: hoursAgo(9) }),
    run({ status: 'TERMINATED', closedAt: hoursAgo(3) }),
  ];
  const seconds = (hours: number) => Date.parse(hoursAgo(hours)) / 1_000;
  const labels = { strategy: 'rollingUpgrade', ensemble: 'orders' };
  expect(shown({ runs }, 'zkferry_run_last_end_timestamp_seconds')).toEqual([
    [{ ...labels, outcome: 'failed' }, seconds(1)],
    [{ ...labels, outcome: 'terminated' }, seconds(3)],
  ]);
});

test('the outage is that of the newest report', () => {
  const reported = (totalGapMs: number, updatedAt: string) =>
    status({ updatedAt, report: { availability: { totalGapMs } } as StatusDocument['report'] });
  expect(
    shown(
      { statuses: [reported(1_500, hoursAgo(1)), reported(9_000, hoursAgo(8)), status({})] },
      'zkferry_run_last_outage_seconds',
    ),
  ).toEqual([[{ strategy: 'rollingUpgrade', ensemble: 'orders' }, 1.5]]);
});

describe('backups', () => {
  const capture: CaptureStatus = {
    repository: 'vault',
    state: 'capturing',
    lag: { txns: 3, ms: 250 },
    lastBase: { usableFrom: '0x1', takenAt: hoursAgo(30), bytes: 1 },
    lastDrill: { at: hoursAgo(200), ok: true, zxid: '0x1' },
  };
  const statuses = [status({ strategy: 'hotBackup', state: 'running', capture })];
  const labels = { ensemble: 'orders', repository: 'vault' };

  test('say their lag and the ages of base and drill', () => {
    expect(shown({ statuses }, 'zkferry_backup_lag_seconds')).toEqual([[labels, 0.25]]);
    expect(shown({ statuses }, 'zkferry_backup_last_base_age_seconds')).toEqual([
      [labels, 30 * 3_600],
    ]);
    expect(shown({ statuses }, 'zkferry_backup_last_drill_age_seconds')).toEqual([
      [labels, 200 * 3_600],
    ]);
  });

  test('a newer base of a schedule or the repository counts; a drill that proved nothing does not', () => {
    const runs = [
      run({ strategy: 'takeBase', status: 'COMPLETED', closedAt: hoursAgo(4) }),
      run({ strategy: 'takeBase', status: 'FAILED', closedAt: hoursAgo(1) }),
    ];
    expect(shown({ statuses, runs }, 'zkferry_backup_last_base_age_seconds')).toEqual([
      [labels, 4 * 3_600],
    ]);
    const backups = [{ ...labels, lastBaseAt: hoursAgo(2), baseEveryMs: 86_400_000 }];
    expect(shown({ statuses, runs, backups }, 'zkferry_backup_last_base_age_seconds')).toEqual([
      [labels, 2 * 3_600],
    ]);
    expect(shown({ backups }, 'zkferry_backup_base_every_seconds')).toEqual([[labels, 86_400]]);
    const failed = { ...capture, lastDrill: { at: hoursAgo(1), ok: false, zxid: '0x1' } };
    expect(
      shown(
        { statuses: [status({ strategy: 'hotBackup', capture: failed })] },
        'zkferry_backup_last_drill_age_seconds',
      ),
    ).toEqual([]);
  });

  test('a capture that was stopped has no lag any more', () => {
    const stopped = [status({ strategy: 'hotBackup', state: 'completed', capture })];
    expect(shown({ statuses: stopped }, 'zkferry_backup_lag_seconds')).toEqual([]);
  });
});

test('what was shown before is gone, and every metric is registered', async () => {
  const registry = new Registry();
  const metrics = createRunMetrics(registry);
  metrics.show({ now: NOW, runs: [run({ state: 'running' })], statuses: [] });
  expect(await registry.metrics()).toContain('zkferry_runs_open{strategy="rollingUpgrade"');
  metrics.show({ now: NOW, runs: [], statuses: [] });
  const text = await registry.metrics();
  expect(text).not.toContain('zkferry_runs_open{');
  for (const name of Object.keys(SERVER_METRICS)) expect(text).toContain(`# TYPE ${name} gauge`);
});
