/** Follows the demo's run to its end and answers its gates. */
import type { Temporal } from '../../adapters/temporal/connect';
import { followRun } from '../../adapters/temporal/follow';
import { sendControl } from '../../adapters/temporal/steerRun';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { OpenGate, StatusDocument, UpgradeReport } from '../../model/status';
import type { DemoOptions, DemoView } from './types';

const APPROVER = 'demo';

export interface Driven {
  report?: UpgradeReport;
  /** Why the run did not complete. */
  failure?: string;
}

/** @throws Interrupted */
export async function driveRun(
  temporal: Temporal,
  workflowId: string,
  gates: DemoOptions['gates'],
  view: DemoView,
  signal: AbortSignal,
): Promise<Driven> {
  const stop = new AbortController();
  let held: StatusDocument | undefined;
  const followed = await followRun(
    temporal,
    workflowId,
    {
      onStatus: (status) => {
        view.onStatus(status);
        // A run that holds for a decision would wait for ever for somebody who isn't there.
        if (gates === 'auto' && status.state === 'paused' && status.error) {
          held = status;
          stop.abort();
        }
      },
      onAway: (message) => view.say(message),
      onGate: async (gate) => {
        view.onGate(workflowId, gate);
        if (gates === 'auto') await approve(temporal, workflowId, gate, view);
      },
    },
    AbortSignal.any([signal, stop.signal]),
  );
  if (signal.aborted)
    throw new ZkferryError('Interrupted', 'the demo was stopped before its run had ended');
  if (held) return { failure: `the run holds: ${held.error?.message}`, report: held.report };
  const report = followed.status?.report;
  if (!followed.interrupted && !followed.end.ok) {
    const { type, message } = followed.end.failure;
    return { report, failure: `the run failed: ${type}: ${message}` };
  }
  return { report };
}

async function approve(
  temporal: Temporal,
  workflowId: string,
  gate: OpenGate,
  view: DemoView,
): Promise<void> {
  try {
    await sendControl(temporal, workflowId, 'approve', {
      gate: gate.gate,
      approver: APPROVER,
      planHash: gate.planHash,
    });
    view.onApproved(gate, APPROVER);
  } catch (error) {
    if (!isZkferryError(error) || error.type !== 'Refused') throw error;
    view.say(`gate ${gate.gate} was decided by somebody else: ${error.message}`);
  }
}
