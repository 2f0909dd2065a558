/** Counts and times every attempt of an activity, and keeps when backups were last taken and proven. */
import type { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** In arguments and results of what takes bases and holds drills. */
interface BackupNames {
  ensemble?: unknown;
  repository?: unknown;
  input?: { ensemble?: unknown; repository?: unknown };
}

export const measureActivities: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const begun = process.hrtime.bigint();
      try {
        const result = await next(input);
        count(context, begun, 'done');
        keepBackup(context, input.args[0], result);
        return result;
      } catch (error) {
        count(context, begun, error instanceof CancelledFailure ? 'cancelled' : 'failed');
        throw error;
      }
    },
  },
});

function count(
  { info, metricMeter }: Context,
  begun: bigint,
  outcome: 'done' | 'failed' | 'cancelled',
): void {
  const tags = { activity: info.activityType, outcome };
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  metricMeter.createCounter('zkferry_activities').add(1, tags);
  metricMeter.createHistogram('zkferry_activity_duration_seconds', 'float').record(seconds, tags);
}

function keepBackup({ info, metricMeter }: Context, args: unknown, result: unknown): void {
  const { ensemble, repository } = namesIn(args);
  if (ensemble === undefined || repository === undefined) return;
  const at = (metric: string, time: unknown, tags: Record<string, string> = {}) => {
    const ms = Date.parse(String(time));
    if (!Number.isNaN(ms))
      metricMeter.createGauge(metric, 'float').set(ms / 1_000, { ensemble, repository, ...tags });
  };
  if (info.activityType === 'takeBase' || info.activityType === 'takeUsableBase')
    at(
      'zkferry_capture_last_base_timestamp_seconds',
      (result as { takenAt?: unknown } | undefined)?.takenAt,
    );
  if (info.activityType === 'proveBackup') {
    const { ok } = result as { ok?: boolean };
    at('zkferry_capture_last_drill_timestamp_seconds', new Date().toISOString(), {
      outcome: ok === true ? 'proven' : 'failed',
    });
  }
}

function namesIn(args: unknown): { ensemble?: string; repository?: string } {
  const given = (args ?? {}) as BackupNames;
  const { ensemble, repository } = given.input ?? given;
  return {
    ...(typeof ensemble === 'string' && { ensemble }),
    ...(typeof repository === 'string' && { repository }),
  };
}
