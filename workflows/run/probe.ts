/**
 * Keeps an availability probe running beside the work. Each stretch is an activity of bounded length,
 * so that what it measured is in the history soon; nothing is probed, and nothing claimed, while the
 * run waits for people.
 */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { ProbeResult, Target } from '../../activities/api';
import type { WriteGap } from '../../src/model/status';
import { runActivities } from './activityProxy';
import { cancelWhen } from './cancelWhen';
import { rulesOf } from './rules';
import { isPaused, note, targetOf, type RunState } from './state';
import { GAP_THRESHOLD_MS } from './status';

const STRETCH_MS = 20_000;
const MAX_GAPS_KEPT = 500;

/** Starts the loop; the returned function ends it and waits until the last stretch is counted. */
export function startProbe(state: RunState): () => Promise<void> {
  let stopped = false;
  const working = () => !isPaused(state) && state.gate === undefined;
  const loop = CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => stopped || working());
      if (stopped) return;
      const side = probedBy(state).ensemble;
      await stretch(state, () => stopped || !working() || probedBy(state).ensemble !== side);
    }
  });
  return async () => {
    stopped = true;
    await loop;
  };
}

async function stretch(state: RunState, over: () => boolean): Promise<void> {
  const scope = new CancellationScope();
  const measured = scope.run(() =>
    runActivities(
      state.opened.site,
      STRETCH_MS * 3,
      'watch whether writes are acknowledged',
    ).probeAvailability({
      ...probedBy(state),
      run: state.identity,
      durationMs: STRETCH_MS,
      thresholdMs: GAP_THRESHOLD_MS,
      carry: state.probeCarry,
    }),
  );
  const endWatch = cancelWhen(scope, over);
  try {
    add(state, await measured);
  } catch (error) {
    // The probe only watches: a run must not stop because its observer could not work.
    if (!isCancellation(error))
      note(state, 'the availability probe failed; that time is not watched');
  } finally {
    await endWatch();
  }
}

const probedBy = (state: RunState): Target => rulesOf(state).probed?.(state) ?? targetOf(state);

function add(state: RunState, measured: ProbeResult): void {
  const probe = state.probe;
  probe.acknowledgedWrites += measured.acknowledgedWrites;
  probe.failedWrites += measured.failedWrites;
  probe.sessionsLost += measured.sessionsLost;
  probe.unobservedMs += measured.unobservedMs;
  state.probeCarry = measured.carry;
  probe.lastAckAt = measured.lastAckAt ?? probe.lastAckAt;
  for (const gap of measured.writeGaps) {
    if (probe.writeGaps.length >= MAX_GAPS_KEPT) break;
    probe.writeGaps.push({ ...gap, during: gap.during ?? stepAt(state, gap) });
  }
}

/** The step that ran when the gap began, by the two clocks' word. */
function stepAt(state: RunState, gap: WriteGap): string | undefined {
  const running = Object.values(state.steps).filter(
    (step) =>
      step.startedAt !== undefined &&
      step.startedAt <= gap.startedAt &&
      (step.finishedAt === undefined || step.finishedAt >= gap.startedAt),
  );
  return running.at(-1)?.id;
}
