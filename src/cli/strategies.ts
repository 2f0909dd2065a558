/** The strategies by the names a person may type, and how their input is put together. */
import type { z } from 'zod';
import { WORKFLOW_TYPES, type StrategyName, type WorkflowType } from '../model/contract';
import { ZkferryError } from '../model/errors';
import {
  hotBackupInputSchema,
  restoreBackupInputSchema,
  verifyBackupInputSchema,
} from '../model/backupInputs';
import { resizeEnsembleInputSchema, rollingUpgradeInputSchema } from '../model/inputs';
import { migrateDataCenterInputSchema } from '../model/migrationInputs';
import { parseOrThrow } from '../model/validation';
import type { Io } from './io';
import { readInput } from './readInput';

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

export interface InputOptions {
  file?: string;
  ensemble?: string;
  repository?: string;
  to?: string;
  add?: string[];
  remove?: string[];
  replace?: Record<string, string>;
  promote?: string[];
  demote?: string[];
}

export interface StrategyInput {
  /** As given, defaults left to the workflow. */
  input: Record<string, unknown>;
  /** Name for ids and headings; an inline ensemble has none of its own. */
  ensemble: string;
}

/**
 * Reads and checks the input before anything is contacted. Options win over the file.
 * @throws BadUsage, InvalidInput
 */
export async function readStrategyInput(
  io: Io,
  strategy: Strategy,
  options: InputOptions,
): Promise<StrategyInput> {
  if (options.file === undefined && options.ensemble === undefined)
    throw new ZkferryError(
      'BadUsage',
      'nothing to work on: give -f FILE (JSON or YAML, - for standard input), or --ensemble NAME and what to do (--to VERSION, or --add, --remove, --replace, --promote, --demote, or --repository NAME)',
    );
  const given = options.file === undefined ? {} : await readInput(io, options.file);
  const input = applyShortcuts(given, options, strategy.name);
  const where = options.file === undefined ? 'the command line' : inputName(options.file);
  parseOrThrow(strategy.schema, input, `the input of ${strategy.workflowType} from ${where}`);
  const object = input as Record<string, unknown>;
  return { input: object, ensemble: ensembleName(object.ensemble ?? ensembleOf(object.to)) };
}

const inputName = (file: string): string => (file === '-' ? 'standard input' : file);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ensembleOf = (to: unknown): unknown => (isObject(to) ? to.ensemble : undefined);

function applyShortcuts(given: unknown, options: InputOptions, strategy: StrategyName): unknown {
  if (!isObject(given)) return given;
  const { ensemble, repository, to, add, remove, replace, promote, demote } = options;
  const changes = Object.entries({ repository, add, remove, replace, promote, demote });
  const target = isObject(given.target) || given.target === undefined ? given.target : undefined;
  return {
    ...given,
    ...(ensemble === undefined ? {} : { ensemble }),
    // A restore names what it goes into by this field.
    ...(strategy === 'restore' && ensemble !== undefined && given.to === undefined
      ? { to: { ensemble } }
      : {}),
    ...Object.fromEntries(changes.filter(([, value]) => value !== undefined)),
    ...(to === undefined ? {} : { target: { ...(target as object | undefined), version: to } }),
  };
}

const ensembleName = (ensemble: unknown): string =>
  typeof ensemble === 'string' ? ensemble : 'inline';
