/** What stands against a hot backup holds it for a person. */
import { note, now, type BackupState } from './state';

export function hold(state: BackupState, error: { type: string; message: string }): void {
  state.error = error;
  state.paused = { since: now(), held: true, comment: error.message };
  note(state, `held for a decision (resume or stop): ${error.message}`);
}
