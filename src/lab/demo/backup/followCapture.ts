/** The demo's hot backup as it is seen through Temporal, until it has ended. */
import type { Temporal } from '../../../adapters/temporal/connect';
import { sendControl } from '../../../adapters/temporal/steerRun';
import { ZkferryError } from '../../../model/errors';
import type { CaptureStatus } from '../../../model/status';
import { waitUntil } from '../../processes';
import { unlessAborted } from '../abort';
import { driveRun, type Driven } from '../driveRun';
import type { BackupDemoOutcome, DemoView } from '../types';

const STOP_DEADLINE_MS = 120_000;

export interface CaptureEnd {
  captured: BackupDemoOutcome['captured'];
  stopMs: number;
  /** Why the run did not complete. */
  failure?: string;
}

export interface FollowedCapture {
  workflowId: string;
  /** WaitTimedOut; Refused where the run ended or holds, with its own reason. */
  until(what: string, isSo: (capture: CaptureStatus) => boolean, deadlineMs: number): Promise<void>;
  stop(): Promise<CaptureEnd>;
}

export function followCapture(
  temporal: Temporal,
  workflowId: string,
  view: DemoView,
  signal: AbortSignal,
): FollowedCapture {
  let capture: CaptureStatus | undefined;
  let lag: CaptureStatus['lag'];
  let end: Driven | undefined;
  const watching = driveRun(
    temporal,
    workflowId,
    'auto',
    {
      ...view,
      onStatus: (status) => {
        capture = status.capture;
        lag = capture?.lag?.p99Ms === undefined ? lag : capture.lag;
        view.onStatus(status);
      },
    },
    signal,
  ).then((driven) => (end = driven));
  // Whoever waits for it is told; until then nobody does.
  watching.catch(() => undefined);
  const failed = (): ZkferryError =>
    new ZkferryError('Refused', end?.failure ?? `${workflowId} ended before it was stopped`);
  return {
    workflowId,
    async until(what, isSo, deadlineMs) {
      const wanted = () => end !== undefined || (capture !== undefined && isSo(capture));
      await unlessAborted(
        waitUntil(wanted, deadlineMs, what, () => capture?.trouble ?? ''),
        signal,
      );
      if (end !== undefined) throw failed();
    },
    async stop() {
      const begun = performance.now();
      await sendControl(temporal, workflowId, 'stop', { by: 'demo' });
      await unlessAborted(
        waitUntil(() => end !== undefined, STOP_DEADLINE_MS, 'the hot backup to end'),
        signal,
      );
      const { failure } = await watching;
      return {
        captured: {
          txns: capture?.txns ?? 0,
          plainBytes: capture?.plainBytes ?? 0,
          storedBytes: capture?.storedBytes ?? 0,
          durableUpTo: capture?.durableUpTo ?? 'nothing',
          lagP50Ms: lag?.p50Ms ?? 0,
          lagP99Ms: lag?.p99Ms ?? 0,
        },
        stopMs: Math.round(performance.now() - begun),
        ...(failure !== undefined && { failure }),
      };
    },
  };
}
