/** Faults at every boundary between the steps of a run. */
import type { Phase } from '../../src/model/plan';
import type { StatusDocument } from '../../src/model/status';
import type { Run } from './harness';

const STEP_MS = 240_000;
const ENDED = ['completed', 'rolledBack', 'rejected', 'failed'];

const MOST_HELD = 20;

const isHeld = ({ state, error }: StatusDocument): boolean => state === 'paused' && !!error;

const lastDone = ({ plan }: StatusDocument): string =>
  plan?.steps
    .filter((step) => step.state === 'done')
    .map(({ id }) => id)
    .at(-1) ?? '';

/**
 * Calls `act` each time another step is done, until the run ends, or `isThere`; returns the steps it was called after. A run that a
 * fault made hold for a decision is resumed.
 */
export async function atEachBoundary(
  run: Run,
  act: (stepId: string) => Promise<void>,
  isThere: (status: StatusDocument) => boolean = () => false,
): Promise<string[]> {
  const isOver = (now: StatusDocument): boolean => ENDED.includes(now.state) || isThere(now);
  const seen: string[] = [''];
  let held = 0;
  for (;;) {
    const status = await run.until(
      'another step done, or the end',
      (now) => isOver(now) || isHeld(now) || lastDone(now) !== seen.at(-1),
      STEP_MS,
    );
    if (isHeld(status)) {
      held += 1;
      if (held > MOST_HELD) throw new Error(`held again and again: ${status.error?.message}`);
      await run.send('resume', { by: 'tester' });
      continue;
    }
    if (isOver(status)) return seen.slice(1);
    seen.push(lastDone(status));
    await act(seen.at(-1)!);
  }
}

/** As `atEachBoundary`, only where the run comes to another phase; returns the phases. */
export async function atEachPhase(
  run: Run,
  act: (phase: Phase) => Promise<void>,
): Promise<Phase[]> {
  const seen: Phase[] = [];
  await atEachBoundary(run, async () => {
    const { phase } = await run.until('an answer', () => true);
    if (seen.includes(phase)) return;
    seen.push(phase);
    await act(phase);
  });
  return seen;
}
