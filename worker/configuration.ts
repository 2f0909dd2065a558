/** What a worker is told by its environment and by the file it names. Everything that is wrong is said at once. */
import {
  CONFIG_VARIABLE,
  fieldOf,
  readConfigurationFile,
  withFile,
  type FileSettings,
} from '../src/adapters/configurationFile';
import { ZkferryError } from '../src/model/errors';
import { describeIssues } from '../src/model/validation';
import {
  GO_TOGETHER,
  settingsSchema,
  type SettingName,
  type WorkerConfiguration,
} from './settings';

export type { WorkerConfiguration } from './settings';

export type Origin = 'environment' | 'file' | 'default';

export interface SettledConfiguration {
  values: WorkerConfiguration;
  origins: Record<SettingName, Origin>;
  /** The process's environment with what the file adds. */
  environment: NodeJS.ProcessEnv;
}

export const SETTING_NAMES = Object.keys(settingsSchema.shape) as SettingName[];

/** @throws InvalidInput naming each variable or field that is wrong; BadUsage for an unreadable file */
export function readConfiguration(environment: NodeJS.ProcessEnv): WorkerConfiguration {
  return settleConfiguration(environment).values;
}

/** @throws as readConfiguration */
export function settleConfiguration(environment: NodeJS.ProcessEnv): SettledConfiguration {
  const file = readConfigurationFile(environment);
  const settled = withFile(environment, file);
  const given = Object.fromEntries(
    SETTING_NAMES.filter((name) => settled[name]).map((name) => [name, settled[name]]),
  );
  const originOf = (name: string): Origin =>
    environment[name] ? 'environment' : settled[name] ? 'file' : 'default';
  const shownName = (name: string): string =>
    originOf(name) === 'file' ? `${fieldOf(name)} in ${file!.path}` : name;
  const result = settingsSchema.safeParse(given);
  const problems = [
    ...(result.success ? [] : describeIssues(result.error, given).split('\n')).map((line) =>
      line.replace(/^[A-Z_]+(?=:)/, shownName),
    ),
    ...GO_TOGETHER.filter(([one, other]) => one in given && !(other in given)).map(
      ([one, other]) => `${shownName(one)}: is nothing without ${other}; set both or neither`,
    ),
    ...(given.ZKFERRY_APPROVALS === 'signed' && given.ZKFERRY_APPROVAL_KEYS === undefined
      ? [
          `ZKFERRY_APPROVAL_KEYS: expected a file of public keys, since ${shownName('ZKFERRY_APPROVALS')} is signed; make them with zkferry keys create`,
        ]
      : []),
    ...(file === undefined ? [] : [...file.problems, ...unknownFields(file)]),
  ];
  if (!result.success || problems.length > 0)
    throw new ZkferryError(
      'InvalidInput',
      `the worker's configuration is not usable:\n${problems.join('\n')}`,
      { details: problems },
    );
  return {
    values: result.data,
    origins: Object.fromEntries(SETTING_NAMES.map((name) => [name, originOf(name)])) as Record<
      SettingName,
      Origin
    >,
    environment: settled,
  };
}

/** A field that nobody reads is a typing mistake, unless it is in the server's section. */
function unknownFields({ path, values }: FileSettings): string[] {
  const names = SETTING_NAMES.filter((name) => name !== CONFIG_VARIABLE);
  return Object.keys(values)
    .filter((name) => !(name in settingsSchema.shape))
    .map((name) => ({ name, field: fieldOf(name) }))
    .filter(({ field }) => !field.startsWith('server.'))
    .map(
      ({ name, field }) =>
        `${field} in ${path}: there is no setting ${name}; expected only ${names.map(fieldOf).join(', ')}`,
    );
}
