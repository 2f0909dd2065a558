/** Which ensembles a run touches: what it was started with, its status, or its search attributes where nobody answers. */
import { isAway, notFound } from '../adapters/temporal/failure';
import { describeRun, withOutcome } from '../adapters/temporal/describeRun';
import { startOf } from '../adapters/temporal/origin';
import type { RunSummary } from '../adapters/temporal/runSummary';
import { getStatus } from '../adapters/temporal/steerRun';
import type { Temporal } from '../adapters/temporal/connect';
import type { Role } from '../model/approval';
import { BASE_WORKFLOW, WORKFLOW_TYPES } from '../model/contract';
import { isZkferryError, ZkferryError } from '../model/errors';
import { may, type Identity } from '../model/identity';
import type { StatusDocument } from '../model/status';
import { ensemblesOf } from '../model/strategies';
import type { ServerDependencies } from './dependencies';
import { demand } from './identity';

const OURS: readonly string[] = [...Object.values(WORKFLOW_TYPES), BASE_WORKFLOW];

const STATUS_DEADLINE_MS = 3_000;

type Asked = Pick<ServerDependencies, 'temporal' | 'workers'>;

export interface SeenRun {
  run: RunSummary;
  status?: StatusDocument;
  statusError?: string;
  /** Its type. */
  statusProblem?: string;
  /** By name. The first is the one it is signed for; undefined: nobody can tell which, or it has no name. */
  ensembles: [string | undefined, ...(string | undefined)[]];
}

/**
 * Other workflows of the namespace, and those that runs start themselves, are none.
 * @throws RunNotFound, TemporalUnavailable
 */
export async function lookAtRun(asked: Asked, workflowId: string): Promise<SeenRun> {
  const { temporal, workers } = asked;
  // Where Temporal is away this tells soonest.
  await workers.isThere();
  const described = await describeRun(temporal, workflowId, { deadlineMs: STATUS_DEADLINE_MS });
  if (!OURS.includes(described.strategy))
    throw new ZkferryError('RunNotFound', `${workflowId} is no run of a strategy`);
  const isOpen = described.status === 'RUNNING';
  const run = isOpen ? described : await withOutcome(temporal, described);
  const others = await alsoTouched(temporal, run);
  try {
    const status = await statusNow(asked, workflowId);
    const { state, phase, ensemble } = status;
    const shown = isOpen ? { ...run, state, phase, ensemble: run.ensemble ?? ensemble } : run;
    return { run: shown, status, ensembles: [ensemble, ...others] };
  } catch (error) {
    const silent = isZkferryError(error) && error.type === 'Refused';
    if (!isZkferryError(error) || (!isAway(error) && !silent)) throw error;
    return {
      ...{ run, statusError: error.message, statusProblem: error.type },
      ensembles: [run.ensemble, ...others],
    };
  }
}

/** Nobody waits for it longer than three seconds, nor at all where no worker polls. @throws as getStatus */
export async function statusNow(
  { temporal, workers }: Asked,
  workflowId: string,
): Promise<StatusDocument> {
  await workers.demand(workflowId);
  return getStatus(temporal, workflowId, STATUS_DEADLINE_MS);
}

/**
 * @throws RunNotFound for one who may look at none of its ensembles: which runs there are is told to nobody else; Forbidden for
 * one who has not that role on each of them
 */
export function demandOfRun(
  { temporal }: Pick<Asked, 'temporal'>,
  identity: Identity,
  role: Role,
  { run, ensembles }: SeenRun,
): void {
  const isOthers = (ensemble: string | undefined) =>
    ensemble !== undefined && !may(identity, 'viewer', ensemble);
  if (ensembles.every(isOthers)) throw notFound(temporal, run.workflowId);
  for (const ensemble of ensembles) demand(identity, role, ensemble);
}

/** The other side of a migration, which its status does not name. */
async function alsoTouched(
  temporal: Temporal,
  { workflowId, strategy }: RunSummary,
): Promise<(string | undefined)[]> {
  if (strategy !== WORKFLOW_TYPES.migrate) return [];
  const { input } = await startOf(temporal, workflowId);
  return ensemblesOf(strategy, (input ?? {}) as Record<string, unknown>).slice(1);
}
