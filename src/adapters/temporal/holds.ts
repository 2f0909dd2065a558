/** Which ensembles runs hold now: told by the child workflow that each keeps for as long as it lasts. */
import { isZkferryError } from '../../model/errors';
import { ensemblesOf } from '../../model/strategies';
import type { WorkflowType } from '../../model/contract';
import type { Temporal } from './connect';
import { listWorkflows } from './listRuns';
import { startOf } from './origin';

const HOLD_WORKFLOW = 'holdEnsemble';
const MOST = 200;

export interface Hold {
  ensemble: string;
  /** The run's id: its ticket, where it was started with one. */
  workflowId: string;
  strategy: string;
  since: string;
}

/** Of `ensembles`, by name; ensembles that were given inline have none. Temporal lists a hold a moment after it was taken. */
export async function holdsOf(temporal: Temporal, ensembles: readonly string[]): Promise<Hold[]> {
  const open = await listWorkflows(
    temporal,
    `WorkflowType = '${HOLD_WORKFLOW}' AND ExecutionStatus = 'Running'`,
    MOST,
  );
  const found = await Promise.all(open.map(({ workflowId }) => holderOf(temporal, workflowId)));
  return found
    .flat()
    .filter(({ ensemble }) => ensembles.includes(ensemble))
    .filter(
      ({ workflowId, ensemble }, index, all) =>
        all.findIndex((other) => other.workflowId === workflowId && other.ensemble === ensemble) ===
        index,
    );
}

async function holderOf(temporal: Temporal, holdId: string): Promise<Hold[]> {
  try {
    const { input } = await startOf(temporal, holdId);
    const { heldBy } = input as { heldBy: string };
    const run = await startOf(temporal, heldBy);
    const names = ensemblesOf(
      run.workflowType as WorkflowType,
      (run.input ?? {}) as Record<string, unknown>,
    );
    return names.flatMap((ensemble) =>
      ensemble === undefined
        ? []
        : [{ ensemble, workflowId: heldBy, strategy: run.workflowType, since: run.startedAt }],
    );
  } catch (error) {
    // It has ended meanwhile.
    if (isZkferryError(error) && error.type === 'RunNotFound') return [];
    throw error;
  }
}
