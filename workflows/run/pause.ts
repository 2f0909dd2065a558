/**
 * A pause takes effect where no server is down by this run's hand: an ensemble must not stay without its
 * margin for as long as people talk. A run held by a failure stays exactly where it failed.
 */
import { condition } from '@temporalio/workflow';
import { isPaused, note, now, serversDown, type RunState } from './state';
import { rollbackPossibility, showDetails } from './status';

/** Waits while the run is paused or held; ends early when the way back is asked for. */
export async function whilePaused(state: RunState, wantsBack: () => boolean): Promise<void> {
  if (!isPaused(state)) return;
  state.headlineBefore = state.headline;
  state.headline = state.paused?.held
    ? `held: ${state.error?.message ?? 'a step failed'}`
    : `paused${state.paused?.by ? ` by ${state.paused.by}` : ''}`;
  showDetails(state);
  await condition(() => state.paused === undefined || wantsBack());
  showGoesOn(state);
}

/** The control that ends a pause is answered before the run itself goes on. */
export function showGoesOn(state: RunState): void {
  state.headline = state.headlineBefore ?? state.headline;
  state.headlineBefore = undefined;
}

/** Holds the run for a person, whether or not somebody had asked for a pause. */
export function hold(state: RunState, type: string, message: string): void {
  const down = serversDown(state);
  const told = down.length === 0 ? message : `${message}. Down by this run: ${down.join(', ')}`;
  state.error = { type, message: told };
  state.paused = { since: now(), ...state.paused, held: true };
  const canGoBack = state.state !== 'rollingBack' && rollbackPossibility(state).possible;
  const choices = canGoBack ? 'resume or rollback' : 'resume';
  note(state, `held for a decision (${choices}): ${told}`);
}
