/** What stands against a hot backup holds it for a person. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { CaptureProgressReport } from '../../activities/api';
import { describeFailure } from '../run/failure';
import { note, now, type BackupState } from './state';

/** `failure`: of an activity that captured; how far it had come is kept. */
export function hold(state: BackupState, failure: unknown): void {
  const error = describeFailure(failure);
  const progress = toldBy(failure);
  if (progress !== undefined) addProgress(state, progress);
  state.error = error;
  state.paused = { since: now(), held: true };
  note(state, `held for a decision (resume or stop): ${error.message}`);
}

/** What an activity that captured said at its end. */
export function addProgress(state: BackupState, progress: CaptureProgressReport): void {
  state.progress = progress;
  state.txns += progress.txns ?? 0;
  state.plainBytes += progress.plainBytes ?? 0;
}

function toldBy(failure: unknown): CaptureProgressReport | undefined {
  const cause = failure instanceof ActivityFailure ? failure.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return undefined;
  return (cause.details?.[0] as { progress?: CaptureProgressReport } | undefined)?.progress;
}
