/** A run's status as the command shows it: of a hot backup with what its activity's heartbeats say. */
import { connectTemporal } from '../../src/adapters/temporal/connect';
import { getStatus } from '../../src/adapters/temporal/steerRun';
import type { CaptureStatus, StatusDocument } from '../../src/model/status';
import type { Harness } from './harness';
import { until } from './until';

const DEADLINE_MS = 60_000;

export async function liveStatus(harness: Harness, workflowId: string): Promise<StatusDocument> {
  const temporal = await connectTemporal({
    address: harness.temporal.address,
    namespace: 'default',
  });
  try {
    return await getStatus(temporal, workflowId);
  } finally {
    await temporal.close();
  }
}

/** Waits until it captures, with a base, and `holds` of what it says. */
export function untilCapturing(
  harness: Harness,
  workflowId: string,
  what: string,
  holds: (capture: CaptureStatus) => boolean = () => true,
): Promise<CaptureStatus> {
  return until(
    what,
    async () => {
      const status = await liveStatus(harness, workflowId).catch(() => undefined);
      const capture = status?.capture;
      const isOn = capture?.state === 'capturing' && capture.lastBase !== undefined;
      return isOn && holds(capture) ? capture : undefined;
    },
    DEADLINE_MS,
  );
}
