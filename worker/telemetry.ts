/** What the worker's process tells of itself: logs to standard error, metrics to whoever scrapes them. */
import { Runtime, type TelemetryOptions } from '@temporalio/worker';
import { DURATION_BUCKETS } from '../src/model/metricNames';
import { createLogger } from './logger';
import type { WorkerConfiguration } from './settings';

export function installRuntime(configuration: WorkerConfiguration): void {
  Runtime.install({
    logger: createLogger(configuration.ZKFERRY_LOG_LEVEL),
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    telemetryOptions: metricsOf(configuration.ZKFERRY_METRICS),
  });
}

/** @param bindAddress `host:port`; undefined: no metrics are served */
export function metricsOf(bindAddress: string | undefined): TelemetryOptions {
  if (bindAddress === undefined) return {};
  return {
    metrics: {
      prometheus: {
        bindAddress,
        countersTotalSuffix: true,
        unitSuffix: true,
        useSecondsForDurations: true,
        histogramBucketOverrides: { zkferry_activity_duration_seconds: DURATION_BUCKETS },
      },
    },
  };
}
