/** Which ensemble a run is of: what its status says, or its search attributes where nobody answers. */
import { isAway } from '../adapters/temporal/failure';
import { describeRun, getStatus, withOutcome, type RunSummary } from '../adapters/temporal/runs';
import type { Temporal } from '../adapters/temporal/connect';
import { isZkferryError } from '../model/errors';
import type { StatusDocument } from '../model/status';

export interface SeenRun {
  run: RunSummary;
  status?: StatusDocument;
  statusError?: string;
}

/** @throws RunNotFound */
export async function ensembleOfRun(temporal: Temporal, workflowId: string): Promise<SeenRun> {
  const run = await withOutcome(temporal, await describeRun(temporal, workflowId));
  try {
    return { run, status: await getStatus(temporal, workflowId) };
  } catch (error) {
    const silent = isZkferryError(error) && error.type === 'Refused';
    if (!isAway(error) && !silent) throw error;
    return { run, statusError: (error as Error).message };
  }
}
