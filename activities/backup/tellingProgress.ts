/** A capture's progress as its activity tells it: with the time it is of, and also where the capture fails. */
import { Context } from '@temporalio/activity';
import type { CaptureProgress } from '../../src/adapters/capture/capture';
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { OperationContext } from '../../src/model/ports';
import { stillTrueOf } from '../../src/model/status';
import type { CaptureProgressReport } from '../api';
import { measureCapture, type CaptureNames } from './measureCapture';

/** Heartbeats and measures what `work` tells. An error of ours carries what was told last, as `details.progress`. */
export async function tellingProgress(
  context: OperationContext,
  names: CaptureNames,
  work: (tell: (now: CaptureProgress) => void) => Promise<CaptureProgress>,
): Promise<{ progress: CaptureProgressReport }> {
  let last = ofAttemptBefore();
  if (last !== undefined) context.heartbeat(last);
  const dated = (now: CaptureProgress): CaptureProgressReport => {
    last = { ...now, at: new Date().toISOString() };
    measureCapture(names, now);
    return last;
  };
  try {
    return { progress: dated(await work((now) => context.heartbeat(dated(now)))) };
  } catch (error) {
    if (!isZkferryError(error) || last === undefined) throw error;
    throw new ZkferryError(error.type, error.message, {
      ...error.options,
      details: { progress: last },
      cause: error,
    });
  }
}

/** Its heartbeats outlive it: without this they would be repeated as if they were of now. */
function ofAttemptBefore(): CaptureProgressReport | undefined {
  const told = Context.current().info.heartbeatDetails as CaptureProgressReport | undefined;
  if (told?.at === undefined) return undefined;
  return { ...stillTrueOf(told), state: 'attaching' };
}
