/** One base of a source that gives whole trees only: a capture of its own, which ends with it. */
import { capture, type CaptureProgress } from '../../src/adapters/capture/capture';
import { hasOwnBase } from '../../src/adapters/capture/ownBase';
import { afterwards, SEAL_WITHIN_MS } from '../../src/adapters/capture/stopSoftly';
import type { OperationContext } from '../../src/model/ports';
import type { BackupActivities, WholeBaseArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { GIVE_UP_AFTER_MS } from './backUpNow';
import { captureSource } from './captureSource';
import { tellingProgress } from './tellingProgress';

export function wholeBaseActivities(
  dependencies: Dependencies,
): Pick<BackupActivities, 'takeWholeBase'> {
  return {
    takeWholeBase: (args) =>
      operation((context) =>
        tellingProgress(context, args, (tell) =>
          wholeBase(dependencies, args, { signal: context.signal, heartbeat: tell }),
        ),
      ),
  };
}

export async function wholeBase(
  dependencies: Dependencies,
  args: WholeBaseArgs,
  context: OperationContext,
): Promise<CaptureProgress> {
  const startedAt = new Date().toISOString();
  const done = new AbortController();
  const late = afterwards(done.signal, SEAL_WITHIN_MS);
  try {
    return await capture({
      ...(await captureSource(dependencies, args, { giveUpAfterMs: GIVE_UP_AFTER_MS })),
      ...{ acceptForeign: args.acceptForeign, owner: args.owner, freshBase: true },
      ...(args.baseBytesPerSecond !== undefined && {
        baseBytesPerSecond: args.baseBytesPerSecond,
      }),
      stop: done.signal,
      // A base that is being read or stored when the run is stopped is not waited for.
      signal: AbortSignal.any([context.signal, late.signal]),
      onProgress: (now) => {
        context.heartbeat(now);
        if (hasOwnBase(now, startedAt)) done.abort();
      },
    });
  } finally {
    late.cancel();
  }
}
