/** The strategies by the names a person may type, what each takes, and which ensembles it is about. */
import type { z } from 'zod';
import {
  hotBackupInputSchema,
  restoreBackupInputSchema,
  verifyBackupInputSchema,
} from './backupInputs';
import { WORKFLOW_TYPES, type StrategyName, type WorkflowType } from './contract';
import { ZkferryError } from './errors';
import { resizeEnsembleInputSchema, rollingUpgradeInputSchema } from './inputs';
import { isObject } from './isObject';
import { migrateDataCenterInputSchema } from './migrationInputs';

export interface Strategy {
  name: StrategyName;
  /** False: it changes nothing in an ensemble, and asks at no gate. */
  hasPlan: boolean;
  workflowType: WorkflowType;
  schema: z.ZodType;
}

const SCHEMAS: Partial<Record<WorkflowType, z.ZodType>> = {
  rollingUpgrade: rollingUpgradeInputSchema,
  resizeEnsemble: resizeEnsembleInputSchema,
  hotBackup: hotBackupInputSchema,
  restoreBackup: restoreBackupInputSchema,
  migrateDataCenter: migrateDataCenterInputSchema,
  verifyBackup: verifyBackupInputSchema,
};

const WITHOUT_PLAN: readonly StrategyName[] = ['backup', 'verify'];

export const strategyNames = Object.keys(WORKFLOW_TYPES) as StrategyName[];

/**
 * @param given short name or workflow type
 * @throws BadUsage for a name that is none; Unsupported for a strategy this version does not have
 */
export function findStrategy(given: string): Strategy {
  const name = strategyNames.find((known) => known === given || WORKFLOW_TYPES[known] === given);
  if (name === undefined)
    throw new ZkferryError(
      'BadUsage',
      `unknown strategy ${JSON.stringify(given)}; expected one of ${strategyNames.join(', ')}, or a workflow type (${Object.values(WORKFLOW_TYPES).join(', ')})`,
    );
  const workflowType = WORKFLOW_TYPES[name];
  const schema = SCHEMAS[workflowType];
  if (!schema) {
    const available = strategyNames.filter((known) => SCHEMAS[WORKFLOW_TYPES[known]]);
    throw new ZkferryError(
      'Unsupported',
      `the strategy ${name} (${workflowType}) is not available in this version; available: ${available.join(', ')}`,
    );
  }
  return { name, workflowType, schema, hasPlan: !WITHOUT_PLAN.includes(name) };
}

/** The field of an input that says which ensemble the run is of. */
function ensembleOf(workflowType: WorkflowType, request: Record<string, unknown>): unknown {
  if (workflowType === 'migrateDataCenter') return request.source;
  if (workflowType === 'restoreBackup')
    return isObject(request.to) ? request.to.ensemble : undefined;
  return request.ensemble;
}

/** As runs read it: all know their ensemble by one field. Whatever does not fit is left to the schema. */
export function withEnsemble<T>(workflowType: WorkflowType, request: T): T {
  if (!isObject(request) || request.ensemble !== undefined) return request;
  const ensemble = ensembleOf(workflowType, request);
  return ensemble === undefined ? request : { ...request, ensemble };
}

/** An ensemble whose data such a run carries into another one, by its name in the repository. */
export function readBy(
  workflowType: WorkflowType,
  request: Record<string, unknown>,
): string | undefined {
  const { from } = request;
  return workflowType === 'restoreBackup' && typeof from === 'string' ? from : undefined;
}

/** Every ensemble that such a run touches, by name; undefined for one that is given inline. */
export function ensemblesOf(
  workflowType: WorkflowType,
  request: Record<string, unknown>,
): (string | undefined)[] {
  const named = [
    ensembleOf(workflowType, request),
    ...(workflowType === 'migrateDataCenter' ? [request.target] : []),
  ];
  return named
    .filter((name) => name !== undefined)
    .map((name) => (typeof name === 'string' ? name : undefined));
}

const HOLDING: readonly WorkflowType[] = [
  ...[WORKFLOW_TYPES.upgrade, WORKFLOW_TYPES.resize],
  ...[WORKFLOW_TYPES.migrate, WORKFLOW_TYPES.restore],
];

/** What one such run at a time has, as messages name it: an ensemble, or of a hot backup no more than its capture. */
export function heldBy(workflowType: WorkflowType, request: Record<string, unknown>): string[] {
  const names = ensemblesOf(workflowType, request).filter((name) => name !== undefined);
  if (HOLDING.includes(workflowType)) return names;
  return workflowType === WORKFLOW_TYPES.backup
    ? names.map((name) => `${name} for backups into ${String(request.repository)}`)
    : [];
}
