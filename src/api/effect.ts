/** When a control shows: right after it was taken a run's status is still that of the moment before. */
import { isOver } from '../adapters/temporal/over';
import type { ControlName } from '../model/contract';
import type { StatusDocument } from '../model/status';

const LOOK_EVERY_MS = 200;

/** Whether `now` shows it. `taken`: the status that the run answered with. */
export function hasTakenEffect(
  control: ControlName,
  taken: StatusDocument,
  now: StatusDocument,
): boolean {
  if (isOver(now.state)) return true;
  switch (control) {
    case 'approve':
    case 'reject':
      // One word of several that are needed leaves the gate open, and shows at once.
      return taken.gate?.decision === undefined || now.gate?.openedAt !== taken.gate.openedAt;
    case 'pause':
      return now.paused === undefined || now.state === 'paused' || now.state === 'waiting';
    case 'rollback':
      // Where the way back could not begin the run is held.
      return now.state === 'rollingBack' || now.paused !== undefined;
    case 'stop':
      return false;
    case 'resume':
    case 'tune':
      return true;
  }
}

/**
 * Looks until the control shows, at most for `withinMs`.
 * @returns the newest status, and whether it does
 */
export async function statusAfter(
  control: ControlName,
  taken: StatusDocument,
  look: () => Promise<StatusDocument>,
  withinMs: number,
): Promise<{ status: StatusDocument; shows: boolean }> {
  const deadline = Date.now() + withinMs;
  let status = taken;
  while (!hasTakenEffect(control, taken, status)) {
    if (Date.now() >= deadline) return { status, shows: false };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    // Who does not answer now has taken it all the same.
    status = await look().catch(() => status);
  }
  return { status, shows: true };
}
