/**
 * What goes on beside the steps of a migration, for as long as it is wanted: a capture, a follower, a watch over a fence.
 * Each stretch is an activity of bounded length, so that how far it is stands in the history soon; while the run waits
 * for people stretches grow longer, so that its history does not.
 */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { BesideReport } from '../../src/model/status';
import { cancelWhen } from './cancelWhen';
import { rulesOf } from './rules';
import { note, now, type RunState } from './state';
import { describeFailure } from './failure';

const FIRST_STRETCH_MS = 10_000;
const LONGEST_STRETCH_MS = 600_000;
const GROWTH = 1.5;
const AGAIN_MS = 3_000;

export interface Beside {
  /** Once nothing goes on that is not wanted any more; absent where nothing ever goes on. */
  settled?: () => Promise<void>;
  end(): Promise<void>;
}

export function startBeside(state: RunState): Beside {
  const kinds = Object.entries(rulesOf(state).beside ?? {});
  const running = new Set<string>();
  let over = false;
  const loops = kinds.map(([name, kind]) =>
    CancellationScope.nonCancellable(async () => {
      let lengthMs = FIRST_STRETCH_MS;
      for (;;) {
        await condition(() => over || kind.wanted(state));
        if (over) return;
        running.add(name);
        (state.beside ??= {})[name] = { detail: 'begins', ...state.beside[name], running: true };
        const unwanted = (): boolean => over || !kind.wanted(state);
        const failed = await stretch(state, name, () => kind.run(state, lengthMs), unwanted);
        running.delete(name);
        delete state.beside[name]?.running;
        lengthMs = Math.min(LONGEST_STRETCH_MS, Math.round(lengthMs * GROWTH));
        if (failed) {
          lengthMs = FIRST_STRETCH_MS;
          await condition(() => over, AGAIN_MS);
        }
      }
    }),
  );
  return {
    settled:
      kinds.length === 0
        ? undefined
        : () =>
            condition(() =>
              kinds.every(([name, kind]) => kind.wanted(state) || !running.has(name)),
            ),
    async end() {
      over = true;
      await Promise.all(loops);
    },
  };
}

/** Whether it failed: it is tried again, and what it was for waits, or says so. */
async function stretch(
  state: RunState,
  name: string,
  run: () => Promise<BesideReport>,
  unwanted: () => boolean,
): Promise<boolean> {
  const scope = new CancellationScope();
  const endWatch = cancelWhen(scope, unwanted);
  try {
    const report = await scope.run(run);
    (state.beside ??= {})[name] = { ...report, at: now() };
    return false;
  } catch (error) {
    if (isCancellation(error)) return false;
    const { message } = describeFailure(error);
    (state.beside ??= {})[name] = { at: now(), detail: `failed, is tried again: ${message}` };
    note(state, `${name} failed, is tried again: ${message}`);
    return true;
  } finally {
    await endWatch();
  }
}
