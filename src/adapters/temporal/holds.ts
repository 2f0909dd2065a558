/** Which ensembles runs hold now: told by the child workflow that each keeps for as long as it lasts. */
import { isZkferryError } from '../../model/errors';
import { heldBy } from '../../model/strategies';
import type { WorkflowType } from '../../model/contract';
import type { Temporal } from './connect';
import { listWorkflows } from './listRuns';
import { startOf } from './origin';

const HOLD_WORKFLOW = 'holdEnsemble';
const MOST = 200;

export interface Hold {
  /** An ensemble by name, or of a hot backup its capture. */
  held: string;
  /** The run's id: its ticket, where it was started with one. */
  workflowId: string;
  strategy: string;
  since: string;
}

/** Of what is `wanted`, as `heldBy` names it; ensembles that were given inline have no name. Temporal lists a hold a moment after it was taken. */
export async function holdsOf(temporal: Temporal, wanted: readonly string[]): Promise<Hold[]> {
  const open = await listWorkflows(
    temporal,
    `WorkflowType = '${HOLD_WORKFLOW}' AND ExecutionStatus = 'Running'`,
    MOST,
  );
  const found = await Promise.all(open.map(({ workflowId }) => holderOf(temporal, workflowId)));
  return found
    .flat()
    .filter(({ held }) => wanted.includes(held))
    .filter(
      ({ workflowId, held }, index, all) =>
        all.findIndex((other) => other.workflowId === workflowId && other.held === held) === index,
    );
}

async function holderOf(temporal: Temporal, holdId: string): Promise<Hold[]> {
  try {
    const { input } = await startOf(temporal, holdId);
    const { heldBy: holder } = input as { heldBy: string };
    const run = await startOf(temporal, holder);
    return heldBy(
      run.workflowType as WorkflowType,
      (run.input ?? {}) as Record<string, unknown>,
    ).map((held) => ({
      ...{ held, workflowId: holder, strategy: run.workflowType, since: run.startedAt },
    }));
  } catch (error) {
    // It has ended meanwhile.
    if (isZkferryError(error) && error.type === 'RunNotFound') return [];
    throw error;
  }
}
