/** Follows a run to its end by asking for its status. The run itself does not notice. */
import { isZkferryError } from '../../model/errors';
import type { OpenGate, StatusDocument } from '../../model/status';
import { pause } from '../pause';
import type { Temporal } from './connect';
import { isAway } from './failure';
import { isOver } from './over';
import { describeRun, runEnd, type RunEnd } from './describeRun';
import { getStatus } from './steerRun';

const POLL_MS = 500;
const END_DEADLINE_MS = 30_000;

export interface FollowHooks {
  onStatus(status: StatusDocument): void;
  /** Nobody answers for now; called once for each absence. */
  onAway(message: string): void;
  /** A gate was opened. */
  onGate?(gate: OpenGate): Promise<void>;
}

export type Followed =
  | { interrupted: true; status?: StatusDocument }
  | { interrupted: false; status?: StatusDocument; end: RunEnd };

export async function followRun(
  temporal: Temporal,
  workflowId: string,
  hooks: FollowHooks,
  signal: AbortSignal,
): Promise<Followed> {
  let status: StatusDocument | undefined;
  let away = false;
  let gateSeen = '';
  while (!signal.aborted) {
    let over = false;
    try {
      status = await getStatus(temporal, workflowId);
      away = false;
      hooks.onStatus(status);
      over = isOver(status.state);
      const opening = status.gate ? `${status.gate.gate} ${status.gate.openedAt}` : '';
      if (status.gate && opening !== gateSeen) await hooks.onGate?.(status.gate);
      gateSeen = opening;
    } catch (error) {
      const silent = isZkferryError(error) && error.type === 'Refused';
      if (!silent && !isAway(error)) throw error;
      if (!away && !silent) hooks.onAway((error as Error).message);
      away = true;
    }
    // A run may end while nobody tells its status.
    if (away) {
      try {
        over = (await describeRun(temporal, workflowId)).status !== 'RUNNING';
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    }
    if (over) {
      const end = await runEnd(temporal, workflowId, END_DEADLINE_MS);
      return { interrupted: false, status, end };
    }
    await pause(POLL_MS, signal);
  }
  return { interrupted: true, status };
}
