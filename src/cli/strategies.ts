/** How the input of a strategy is put together from a file and options. */
import type { StrategyName } from '../model/contract';
import { ZkferryError } from '../model/errors';
import { isObject } from '../model/isObject';
import type { Strategy } from '../model/strategies';
import { parseOrThrow } from '../model/validation';
import type { Io } from './io';
import { readInput } from './readInput';

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
