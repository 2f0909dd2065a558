/** Where the ensemble gives whole trees only, a run takes one, waits until the next is due, and so on. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { cancelWhen } from '../run/cancelWhen';
import { describeFailure } from '../run/failure';
import { activitiesOf, BASE_AGAIN_MS, BASE_MS } from './activities';
import { hold } from './hold';
import { nextBaseMs } from './nextBase';
import { note, type BackupState } from './state';
import { showBackup } from './status';

/** Trying again would take the repository from whoever has it. */
const HOLDS: readonly string[] = ['WriterReplaced', 'ForeignEnsemble'];

const isWanted = (state: BackupState): boolean =>
  state.paused !== undefined || state.stopRequested !== undefined;

/** Returns once it is taken or has failed, or something else is wanted meanwhile. */
export async function nextWholeBase(state: BackupState): Promise<void> {
  await untilDue(state);
  if (isWanted(state)) return;
  state.headline = `taking a base of ${state.input.ensemble} into ${state.opened?.shown}`;
  showBackup(state);
  try {
    await take(state);
  } catch (error) {
    if (isCancellation(error)) {
      if (!isWanted(state)) throw error;
      return;
    }
    failed(state, error);
  } finally {
    showBackup(state);
  }
}

async function untilDue(state: BackupState): Promise<void> {
  for (;;) {
    const dueMs = nextBaseMs(state);
    if (isWanted(state) || Date.now() >= dueMs) return;
    await condition(() => isWanted(state) || nextBaseMs(state) !== dueMs, dueMs - Date.now());
  }
}

async function take(state: BackupState): Promise<void> {
  const { ensemble, repository, acceptForeign } = state.input;
  const { baseBytesPerSecond } = state;
  const scope = new CancellationScope();
  const endWatch = cancelWhen(scope, () => isWanted(state));
  try {
    const { progress } = await scope.run(() =>
      activitiesOf(state, BASE_MS, 'take a whole base', 1).takeWholeBase({
        ...{ ensemble, repository, acceptForeign, source: state.source! },
        ...(baseBytesPerSecond !== undefined && { baseBytesPerSecond }),
        owner: `${state.workflowId} ${state.runId}`,
      }),
    );
    state.progress = progress;
    state.lastBase = progress.lastBase ?? state.lastBase;
    state.baseAgainAt = undefined;
    state.trouble = undefined;
    state.bases += 1;
    note(state, taken(state));
  } finally {
    await endWatch();
  }
}

function taken(state: BackupState): string {
  const { usableFrom, readFrom } = state.lastBase!;
  const of = readFrom === undefined ? usableFrom : `${usableFrom} (read from ${readFrom} on)`;
  return `base taken at ${of}; the next one is due ${new Date(nextBaseMs(state)).toISOString()}`;
}

function failed(state: BackupState, failure: unknown): void {
  const { type, message } = describeFailure(failure);
  if (HOLDS.includes(type)) {
    state.baseAgainAt = undefined;
    hold(state, failure);
    return;
  }
  state.trouble = message;
  state.baseAgainAt = new Date(Date.now() + BASE_AGAIN_MS).toISOString();
  note(state, `no base now, tried again in a minute: ${message}`);
}
