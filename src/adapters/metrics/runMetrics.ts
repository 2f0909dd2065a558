/**
 * Gauges of a server from what Temporal and the repositories hold, so that they are right after any restart. What is
 * to be shown is settled first, as plain samples; then it replaces what was shown before.
 */
import { Gauge, type Registry } from 'prom-client';
import { BASE_WORKFLOW, TASK_QUEUE, WORKFLOW_TYPES } from '../../model/contract';
import { SERVER_METRICS, type ServerMetric } from '../../model/metricNames';
import type { StatusDocument } from '../../model/status';
import type { RunSummary } from '../temporal/runSummary';

/** What is known of one ensemble's backups, from a repository's own documents or a schedule. */
export interface BackupFacts {
  ensemble: string;
  repository: string;
  /** ISO 8601. */
  lastBaseAt?: string;
  /** Of the last drill that proved it. */
  lastProvenAt?: string;
  /** How often a base is due. */
  baseEveryMs?: number;
}

export interface RunFacts {
  now: Date;
  /** As `listRuns` gives them, newest first. */
  runs: readonly RunSummary[];
  /** Of as many of them as are known; of open runs those that a worker answered for. */
  statuses: readonly StatusDocument[];
  backups?: readonly BackupFacts[];
  /** By task queue: whether a worker has polled it lately. */
  polling?: Readonly<Record<string, boolean>>;
}

export interface Sample {
  name: ServerMetric;
  labels: Record<string, string>;
  value: number;
}

const secondsSince = (now: Date, at: string): number =>
  Math.max(0, (now.getTime() - Date.parse(at)) / 1_000);

const UNKNOWN = 'unknown';

export function samplesOf(facts: RunFacts): Sample[] {
  return [
    ...pollingSamples(facts),
    ...openSamples(facts),
    ...heldSamples(facts),
    ...gateSamples(facts),
    ...endSamples(facts),
    ...outageSamples(facts),
    ...backupSamples(facts),
  ];
}

const pollingSamples = ({ polling = {} }: RunFacts): Sample[] =>
  Object.entries({ ...{ [TASK_QUEUE]: false }, ...polling }).map(([queue, isPolled]) => ({
    name: 'zkferry_workers_polling',
    labels: { task_queue: queue },
    value: isPolled ? 1 : 0,
  }));

function openSamples({ runs }: RunFacts): Sample[] {
  const counts = new Map<string, Sample>();
  for (const { strategy, status, state = UNKNOWN } of runs) {
    if (status !== 'RUNNING') continue;
    const key = `${strategy} ${state}`;
    const sample = counts.get(key) ?? {
      name: 'zkferry_runs_open' as const,
      labels: { strategy, state },
      value: 0,
    };
    counts.set(key, { ...sample, value: sample.value + 1 });
  }
  return [...counts.values()];
}

/** A run that was paused by a person has no error; one that holds itself says which. */
function heldSamples({ statuses }: RunFacts): Sample[] {
  return statuses
    .filter(({ state, error }) => state === 'paused' && error !== undefined)
    .map(({ strategy, ensemble, workflowId, error }) => ({
      name: 'zkferry_run_held',
      labels: { strategy, ensemble, workflow_id: workflowId, error: error!.type },
      value: 1,
    }));
}

const gateSamples = ({ statuses, now }: RunFacts): Sample[] =>
  statuses.flatMap(({ strategy, ensemble, workflowId, gate }) =>
    gate === undefined
      ? []
      : [
          {
            name: 'zkferry_gate_waiting_seconds' as const,
            labels: { strategy, ensemble, workflow_id: workflowId, gate: gate.gate },
            value: secondsSince(now, gate.openedAt),
          },
        ],
  );

/** What Temporal calls terminated, cancelled or timed out has no outcome of its own. */
const outcomeOf = ({ outcome, status }: RunSummary): string => outcome ?? status.toLowerCase();

/** The newest of each kind. */
function endSamples({ runs }: RunFacts): Sample[] {
  const ended = runs.filter(({ status, closedAt }) => status !== 'RUNNING' && closedAt);
  return newestOf(
    ended.map((run) => ({
      name: 'zkferry_run_last_end_timestamp_seconds',
      labels: {
        strategy: run.strategy,
        ensemble: run.ensemble ?? UNKNOWN,
        outcome: outcomeOf(run),
      },
      value: Date.parse(run.closedAt!) / 1_000,
    })),
  );
}

/** One sample for each set of labels: the largest, which of times is the newest. */
function newestOf(samples: Sample[]): Sample[] {
  const newest = new Map<string, Sample>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.name, sample.labels]);
    const known = newest.get(key);
    if (known === undefined || sample.value > known.value) newest.set(key, sample);
  }
  return [...newest.values()];
}

function outageSamples({ statuses }: RunFacts): Sample[] {
  const latest = new Map<string, { at: number; sample: Sample }>();
  for (const { strategy, ensemble, report, updatedAt } of statuses) {
    if (report?.availability === undefined) continue;
    const at = Date.parse(updatedAt);
    const key = `${strategy} ${ensemble}`;
    if ((latest.get(key)?.at ?? -Infinity) > at) continue;
    const sample: Sample = {
      name: 'zkferry_run_last_outage_seconds',
      labels: { strategy, ensemble },
      value: report.availability.totalGapMs / 1_000,
    };
    latest.set(key, { at, sample });
  }
  return [...latest.values()].map(({ sample }) => sample);
}

function backupSamples({ runs, statuses, backups = [], now }: RunFacts): Sample[] {
  const captures = statuses.filter(
    ({ strategy, state, capture }) =>
      strategy === WORKFLOW_TYPES.backup && capture !== undefined && state !== 'completed',
  );
  const lags = captures.flatMap(({ ensemble, capture }): Sample[] =>
    capture?.lag === undefined
      ? []
      : [
          {
            name: 'zkferry_backup_lag_seconds',
            labels: { ensemble, repository: capture.repository },
            value: capture.lag.ms / 1_000,
          },
        ],
  );
  const known = [
    ...backups,
    ...captures.map(({ ensemble, capture }) => factsOf(ensemble, capture!)),
  ];
  const times = newestOf([
    ...known.flatMap((each) => at(each, 'zkferry_backup_last_base_age_seconds', each.lastBaseAt)),
    ...known.flatMap((each) =>
      at(each, 'zkferry_backup_last_drill_age_seconds', each.lastProvenAt),
    ),
    ...scheduledBases(runs, known),
  ]);
  return [
    ...lags,
    ...times.map((sample) => ({
      ...sample,
      value: secondsSince(now, new Date(sample.value).toISOString()),
    })),
    ...backups.flatMap(({ ensemble, repository, baseEveryMs }): Sample[] =>
      baseEveryMs === undefined
        ? []
        : [
            {
              name: 'zkferry_backup_base_every_seconds',
              labels: { ensemble, repository },
              value: baseEveryMs / 1_000,
            },
          ],
    ),
  ];
}

const factsOf = (
  ensemble: string,
  { repository, lastBase, lastDrill }: NonNullable<StatusDocument['capture']>,
): BackupFacts => ({
  ensemble,
  repository,
  ...(lastBase !== undefined && { lastBaseAt: lastBase.takenAt }),
  ...(lastDrill?.ok && { lastProvenAt: lastDrill.at }),
});

/** The time itself, ms: it becomes an age once the newest is found. */
function at(
  { ensemble, repository }: BackupFacts,
  name: ServerMetric,
  time: string | undefined,
): Sample[] {
  const value = Date.parse(time ?? '');
  return Number.isNaN(value) ? [] : [{ name, labels: { ensemble, repository }, value }];
}

/** A base that a schedule took is known by its run: of its ensemble, where that has one repository only. */
function scheduledBases(runs: readonly RunSummary[], known: readonly BackupFacts[]): Sample[] {
  return runs
    .filter(({ strategy, status }) => strategy === BASE_WORKFLOW && status === 'COMPLETED')
    .flatMap(({ ensemble, closedAt }) => {
      const repositories = new Set(
        known.filter((each) => each.ensemble === ensemble).map((each) => each.repository),
      );
      const [repository] = repositories;
      return ensemble === undefined || repository === undefined || repositories.size > 1
        ? []
        : at({ ensemble, repository }, 'zkferry_backup_last_base_age_seconds', closedAt);
    });
}

export interface RunMetrics {
  /** What was shown before is gone: a run that ended leaves nothing behind. */
  show(facts: RunFacts): void;
}

/** Registers all of SERVER_METRICS. */
export function createRunMetrics(registry: Registry): RunMetrics {
  const gauges = Object.fromEntries(
    Object.entries(SERVER_METRICS).map(([name, { help, labels }]) => [
      name,
      new Gauge({ name, help, labelNames: [...labels], registers: [registry] }),
    ]),
  ) as Record<ServerMetric, Gauge>;
  return {
    show(facts) {
      for (const gauge of Object.values(gauges)) gauge.reset();
      for (const { name, labels, value } of samplesOf(facts)) gauges[name].set(labels, value);
    },
  };
}
