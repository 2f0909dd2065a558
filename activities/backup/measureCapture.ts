/** A capture's lag and its newest base as metrics of the worker that captures. */
import { metricMeter } from '@temporalio/activity';
import type { CaptureProgress } from '../../src/adapters/capture/capture';

export interface CaptureNames {
  ensemble: string;
  repository: string;
}

export function measureCapture(names: CaptureNames, { lag, lastBase }: Partial<CaptureProgress>) {
  const tags = { ensemble: names.ensemble, repository: names.repository };
  if (lag !== undefined)
    metricMeter.createGauge('zkferry_capture_lag_seconds', 'float').set(lag.ms / 1_000, tags);
  const takenMs = Date.parse(lastBase?.takenAt ?? '');
  if (!Number.isNaN(takenMs))
    metricMeter
      .createGauge('zkferry_capture_last_base_timestamp_seconds', 'float')
      .set(takenMs / 1_000, tags);
}
