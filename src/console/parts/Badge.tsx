/** A state in a word, with a sign and a colour: never the colour alone. */

export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'plain';

const SIGNS: Record<Tone, string> = { good: '✓', busy: '▸', wait: '‖', bad: '✕', plain: '·' };

export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={`badge badge-${tone}`}>
      <span aria-hidden="true">{SIGNS[tone]}</span> {children}
    </span>
  );
}

const RUN_TONES: Record<string, Tone> = {
  running: 'busy',
  waiting: 'wait',
  paused: 'wait',
  rollingBack: 'busy',
  completed: 'good',
  rolledBack: 'plain',
  rejected: 'plain',
  failed: 'bad',
  terminated: 'bad',
  timedOut: 'bad',
  cancelled: 'plain',
};
export const runTone = (state: string): Tone => RUN_TONES[state] ?? 'plain';

const STEP_TONES: Record<string, Tone> = {
  pending: 'plain',
  running: 'busy',
  done: 'good',
  failed: 'bad',
  skipped: 'plain',
};
export const stepTone = (state: string): Tone => STEP_TONES[state] ?? 'plain';

const SERVER_TONES: Record<string, Tone> = {
  serving: 'good',
  notServing: 'wait',
  refusing: 'bad',
  unreachable: 'bad',
};
export const serverTone = (state: string): Tone => SERVER_TONES[state] ?? 'plain';
