/** The status document of a hot backup, and its page in the Temporal UI. */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { WORKFLOW_TYPES } from '../../src/model/contract';
import {
  stillTrueOf,
  type CaptureStatus,
  type NextAction,
  type StatusDocument,
} from '../../src/model/status';
import { RPO } from '../../src/planning/backup/rpo';
import { actionLine, steered } from '../run/steering';
import { nextBaseMs, takesWholeBases } from './nextBase';
import type { BackupState } from './state';

const SHOWN_EVENTS = 10;
const MAX_EVENT_CHARS = 200;

/** Lag and counts of a capture that is under way are told by its activity: readers add them. */
export function backupStatus(state: BackupState): StatusDocument {
  const { workflowId, runId } = workflowInfo();
  const shownState =
    state.state === 'running' && state.paused !== undefined ? 'paused' : state.state;
  return {
    strategy: WORKFLOW_TYPES.backup,
    ensemble: state.opened?.ensemble ?? state.input.ensemble,
    ...{ workflowId, runId },
    state: shownState,
    phase: state.state === 'running' ? 'capture' : 'done',
    headline: state.headline,
    gates: [],
    paused: state.paused,
    throttle: { cause: null, soakMs: 0 },
    capture: {
      repository: state.opened?.shown ?? state.input.repository,
      ...lastTold(state),
      state: 'idle',
      ...(state.source && { source: state.source, rpo: RPO[state.source] }),
      ...(takesWholeBases(state) && wholeBases(state)),
    },
    findings: [],
    replans: [],
    nextActions: nextActions(state),
    rollback: { possible: false, reason: 'a hot backup changes nothing in the ensemble' },
    error: state.error,
    closed: state.closed,
    events: state.events,
    updatedAt: state.events.at(-1)?.at ?? state.startedAt,
  };
}

/** By the capture that ended last. */
export function lastTold({ progress, lastBase }: BackupState): Partial<CaptureStatus> {
  const newest = [progress?.lastBase, lastBase]
    .filter((base) => base !== undefined)
    .sort((one, other) => Date.parse(one.takenAt) - Date.parse(other.takenAt))
    .at(-1);
  return { ...(progress && stillTrueOf(progress)), ...(newest && { lastBase: newest }) };
}

const wholeBases = (state: BackupState): Partial<CaptureStatus> => ({
  ...(state.trouble !== undefined && { trouble: state.trouble }),
  ...(state.state === 'running' &&
    state.paused === undefined && { nextBaseAt: new Date(nextBaseMs(state)).toISOString() }),
});

function nextActions(state: BackupState): NextAction[] {
  if (state.state !== 'running') return [];
  const going: NextAction = state.paused
    ? { action: 'resume', input: {}, description: 'capture again' }
    : { action: 'pause', input: {}, description: 'stop capturing for a while' };
  const actions: NextAction[] = [
    going,
    { action: 'stop', input: {}, description: 'end it once all is sealed' },
  ];
  return actions.map((action) => steered(state, state.workflowId, action));
}

export function showBackup(state: BackupState): void {
  const actions = nextActions(state).map(actionLine);
  const events = state.events
    .slice(-SHOWN_EVENTS)
    .map(({ at, text }) => `- ${at.slice(0, 19)}Z ${shown(text)}`);
  const { lastBase, opened, txns, bases } = state;
  const lines = [
    `**${state.paused ? 'paused' : state.state}** · ${shown(state.headline)}`,
    state.error ? `**${state.error.type}**: ${shown(state.error.message)}` : '',
    opened ? `Repository: ${shown(opened.shown)}` : '',
    takesWholeBases(state)
      ? `${bases} whole bases${lastBase ? `, the last at ${lastBase.usableFrom} (${lastBase.takenAt})` : ''}. Lost with the ensemble would be ${RPO[state.source!]}.`
      : `Until the capture that runs now: ${txns} transactions, ${bases} bases${lastBase ? `, the last at ${lastBase.usableFrom} (${lastBase.takenAt})` : ''}. Its own lag: \`zkferry status\`, or the details of the activity captureTransactions.`,
    actions.length > 0 ? `### What you can do\n${actions.join('\n')}` : '',
    events.length > 0 ? `### Latest\n${events.join('\n')}` : '',
  ];
  setCurrentDetails(lines.filter((line) => line !== '').join('\n\n'));
}

const shown = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .slice(0, MAX_EVENT_CHARS)
    .replace(/[<>`*_[\]]/g, (character) => `\\${character}`);
