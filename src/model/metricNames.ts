/** Every metric of zkferry's own, by who serves it: dashboards and alert rules rely on the names. Only ever add. */

export interface MetricSpec {
  kind: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: readonly string[];
}

const of = (kind: MetricSpec['kind'], labels: readonly string[], help: string): MetricSpec => ({
  kind,
  labels,
  help,
});

/** Of a worker, beside what Temporal's SDK counts; its own labels (namespace, task queue …) come with each. */
export const WORKER_METRICS = {
  zkferry_runs_started_total: of('counter', ['strategy'], 'Runs that began on this worker'),
  zkferry_runs_ended_total: of(
    'counter',
    ['strategy', 'outcome'],
    'Runs that ended on this worker: completed, rolledBack, rejected, failed, cancelled',
  ),
  zkferry_run_outage_seconds: of(
    'gauge',
    ['strategy', 'ensemble'],
    'Time in which the last run saw no write acknowledged',
  ),
  zkferry_activities_total: of(
    'counter',
    ['activity', 'outcome'],
    'Attempts of activities that ended: done, failed, cancelled',
  ),
  zkferry_activity_duration_seconds: of(
    'histogram',
    ['activity', 'outcome'],
    'How long an attempt of an activity took',
  ),
  zkferry_capture_lag_seconds: of(
    'gauge',
    ['ensemble', 'repository'],
    'Age of the oldest transaction that is not durable in the repository yet',
  ),
  zkferry_capture_last_base_timestamp_seconds: of(
    'gauge',
    ['ensemble', 'repository'],
    'When the last base that this worker took was taken',
  ),
  zkferry_capture_last_drill_timestamp_seconds: of(
    'gauge',
    ['ensemble', 'repository', 'outcome'],
    'When this worker last held a drill: proven, failed',
  ),
} as const satisfies Record<string, MetricSpec>;

/** Of the server, from what Temporal and the repositories hold: right after any restart. */
export const SERVER_METRICS = {
  zkferry_workers_polling: of(
    'gauge',
    ['task_queue'],
    '1 where a worker has polled the task queue within two minutes',
  ),
  zkferry_runs_open: of('gauge', ['strategy', 'state'], 'Runs that have not ended'),
  zkferry_run_held: of(
    'gauge',
    ['strategy', 'ensemble', 'workflow_id', 'error'],
    '1 for a run that something stands against: a person must decide',
  ),
  zkferry_gate_waiting_seconds: of(
    'gauge',
    ['strategy', 'ensemble', 'workflow_id', 'gate'],
    'How long a gate has been open',
  ),
  zkferry_run_last_end_timestamp_seconds: of(
    'gauge',
    ['strategy', 'ensemble', 'outcome'],
    'When a run of this outcome last ended',
  ),
  zkferry_run_last_outage_seconds: of(
    'gauge',
    ['strategy', 'ensemble'],
    'Time in which the newest run whose report is known saw no write acknowledged',
  ),
  zkferry_backup_lag_seconds: of(
    'gauge',
    ['ensemble', 'repository'],
    'Age of the oldest transaction that is not durable in the repository yet',
  ),
  zkferry_backup_last_base_age_seconds: of(
    'gauge',
    ['ensemble', 'repository'],
    'Age of the newest base',
  ),
  zkferry_backup_base_every_seconds: of(
    'gauge',
    ['ensemble', 'repository'],
    'How often a base is due',
  ),
  zkferry_backup_last_drill_age_seconds: of(
    'gauge',
    ['ensemble', 'repository'],
    'Age of the last drill that proved the backup',
  ),
} as const satisfies Record<string, MetricSpec>;

export type ServerMetric = keyof typeof SERVER_METRICS;

/** Seconds: a look takes milliseconds, a base hours. */
export const DURATION_BUCKETS = [
  ...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400],
];
