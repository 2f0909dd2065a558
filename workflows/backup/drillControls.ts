/** What a drill shows of itself; it is short, and takes no control but its end. */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { CONTROL_NAMES, WORKFLOW_TYPES, type ControlName } from '../../src/model/contract';
import type { VerifyBackupInput } from '../../src/model/backupInputs';
import type { DrillDocument } from '../../src/model/repository';
import type { StatusDocument, StatusEvent } from '../../src/model/status';
import { registerHandlers } from '../run/handlers';
import { addEvent } from '../run/events';

export interface DrillState {
  input: VerifyBackupInput;
  state: 'running' | 'completed' | 'failed';
  headline: string;
  startedAt: string;
  drill?: DrillDocument;
  error?: { type: string; message: string };
  events: StatusEvent[];
}

const NO_CONTROL =
  'a drill changes nothing that could be taken back, and takes no controls: let it end, or cancel it';

const every = <T>(value: T): Record<ControlName, T> =>
  Object.fromEntries(CONTROL_NAMES.map((name) => [name, value])) as Record<ControlName, T>;

/** Must run before the first await, so that the Temporal UI lists the handlers. Returns what brings the page up to date. */
export function registerDrillControls(state: DrillState): () => void {
  const show = (): void => setCurrentDetails(detailsOf(state));
  registerHandlers({
    status: () => statusOf(state),
    descriptions: every('A drill takes no controls: cancel it to end it.'),
    whyRefused: every(() => NO_CONTROL),
    apply: every(() => undefined),
    note: (text) => addEvent(state.events, text),
    show,
  });
  show();
  return show;
}

function statusOf(state: DrillState): StatusDocument {
  const { workflowId, runId } = workflowInfo();
  const { drill } = state;
  return {
    strategy: WORKFLOW_TYPES.verify,
    ensemble: state.input.ensemble,
    ...{ workflowId, runId },
    state: state.state,
    phase: state.state === 'running' ? 'verify' : 'done',
    headline: state.headline,
    gates: [],
    throttle: { cause: null, soakMs: 0 },
    ...(drill && {
      capture: {
        repository: state.input.repository,
        state: 'idle' as const,
        lastDrill: { at: drill.at, ok: drill.ok, zxid: drill.zxid },
      },
    }),
    findings: [],
    replans: [],
    nextActions: [],
    rollback: { possible: false, reason: 'a drill changes nothing' },
    error: state.error,
    events: state.events,
    updatedAt: state.events.at(-1)?.at ?? state.startedAt,
  };
}

const detailsOf = ({ state, headline, drill }: DrillState): string =>
  [`**${state}** · ${headline}`, ...(drill?.findings ?? []).map((line) => `- ${line}`)]
    .map((line) => line.replace(/[<>`]/g, ' ').slice(0, 500))
    .join('\n\n');
