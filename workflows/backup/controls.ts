/** How people steer a hot backup. */
import type { ControlName } from '../../src/model/contract';
import { by, registerHandlers, type Reason } from '../run/handlers';
import { note, now, type BackupState } from './state';
import { backupStatus, showBackup } from './status';

const descriptions: Record<ControlName, string> = {
  approve: 'A hot backup only reads: it has no gates.',
  reject: 'A hot backup only reads: it has no gates.',
  pause: 'Stop capturing once all that came is sealed, until it is resumed. {"by": "you"}',
  resume: 'Capture again, after what is in the repository already. {"by": "you"}',
  rollback: 'A hot backup changes nothing in the ensemble: stop it instead.',
  tune: 'Change how often a base is taken, and how fast it is stored. {"baseEveryMs": 86400000}',
  stop: 'End the hot backup once all that came is sealed. {"by": "you"}',
};

/** Must run before the first await, so that the Temporal UI lists the handlers. */
export function registerBackupControls(state: BackupState): void {
  const over = (): Reason => (state.state === 'running' ? undefined : `the run is ${state.state}`);
  const noGates = (): Reason => 'a hot backup only reads from the ensemble: it asks at no gate';
  registerHandlers({
    status: () => backupStatus(state),
    descriptions,
    whyRefused: {
      approve: noGates,
      reject: noGates,
      pause: over,
      resume: () =>
        over() ?? (state.paused ? undefined : 'it is not paused: there is nothing to resume'),
      rollback: () =>
        'a hot backup changes nothing in the ensemble: there is nothing to take back; stop ends it',
      tune: ({ baseEveryMs, baseBytesPerSecond }) =>
        over() ??
        (baseEveryMs === undefined && baseBytesPerSecond === undefined
          ? 'of a hot backup only baseEveryMs and baseBytesPerSecond can be tuned'
          : undefined),
      stop: over,
    },
    apply: {
      approve: () => undefined,
      reject: () => undefined,
      pause: (input) => {
        if (state.paused) return;
        state.paused = { since: now(), ...input };
        note(state, `pause asked for${by(input)}`);
      },
      resume: (input) => {
        state.paused = undefined;
        state.error = undefined;
        note(state, `resumed${by(input)}`);
      },
      rollback: () => undefined,
      tune: ({ baseEveryMs, baseBytesPerSecond }) => {
        if (baseEveryMs !== undefined) {
          state.baseEveryMs = baseEveryMs;
          note(state, `a base every ${baseEveryMs} ms now`);
        }
        if (baseBytesPerSecond !== undefined) {
          state.baseBytesPerSecond = baseBytesPerSecond;
          note(state, `the next base is stored at ${baseBytesPerSecond} bytes a second at most`);
        }
      },
      stop: (input) => {
        state.stopRequested ??= input;
        note(state, `stop asked for${by(input)}`);
      },
    },
    note: (text) => note(state, text),
    show: () => showBackup(state),
    signed: state,
  });
}
