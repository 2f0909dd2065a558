/** A YAML file of settings, read as the environment variables that its fields stand for; a variable that is set wins. */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { ZkferryError } from '../model/errors';
import { isObject } from '../model/isObject';

/** Names the file. */
export const CONFIG_VARIABLE = 'ZKFERRY_CONFIG';

const MAX_FILE_BYTES = 256 * 1024;

/** Sections of the file, and how the variables of their fields begin. */
const SECTIONS: Record<string, string> = {
  temporal: 'TEMPORAL_',
  otel: 'OTEL_',
  server: 'ZKFERRY_SERVER_',
};
const TOP = 'ZKFERRY_';

export interface FileSettings {
  path: string;
  /** By variable. */
  values: Record<string, string>;
  /** What can't be a setting at all, one line each. */
  problems: string[];
}

/** `ZKFERRY_LOG_LEVEL` → `logLevel`, `TEMPORAL_TLS_SERVER_NAME` → `temporal.tlsServerName`. */
export function fieldOf(variable: string): string {
  const section = Object.entries(SECTIONS).find(([, prefix]) => variable.startsWith(prefix));
  const rest = variable.slice((section?.[1] ?? TOP).length);
  const field = rest
    .toLowerCase()
    .replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return section === undefined ? field : `${section[0]}.${field}`;
}

/** Undefined for a name that no field can have. */
function variableOf(section: string | undefined, field: string): string | undefined {
  if (!/^[a-z][a-zA-Z0-9]*$/.test(field)) return undefined;
  const prefix = section === undefined ? TOP : SECTIONS[section]!;
  return `${prefix}${field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * @returns undefined where no file is named
 * @throws BadUsage for a file that can't be read, or is no YAML mapping
 */
export function readConfigurationFile(environment: NodeJS.ProcessEnv): FileSettings | undefined {
  const path = environment[CONFIG_VARIABLE];
  if (!path) return undefined;
  const settings: FileSettings = { path, values: {}, problems: [] };
  const document = mappingIn(path);
  for (const [key, value] of Object.entries(document)) {
    if (!(key in SECTIONS)) take(settings, undefined, key, value);
    else if (isObject(value))
      for (const [field, inner] of Object.entries(value)) take(settings, key, field, inner);
    else if (value !== null)
      settings.problems.push(`${key} in ${path}: expected a section of settings`);
  }
  return settings;
}

function take(
  { path, values, problems }: FileSettings,
  section: string | undefined,
  field: string,
  value: unknown,
): void {
  const shown = section === undefined ? field : `${section}.${field}`;
  const variable = variableOf(section, field);
  if (variable === undefined)
    problems.push(
      `${shown} in ${path}: no setting has such a name; expected letters and digits, as in logLevel, or one of the sections ${Object.keys(SECTIONS).join(', ')}`,
    );
  else if (variable === CONFIG_VARIABLE)
    problems.push(`${shown} in ${path}: a file can't name another; set ${CONFIG_VARIABLE}`);
  else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    if (value !== '') values[variable] = String(value);
  } else if (value !== null)
    problems.push(
      `${shown} in ${path}: expected one value, not a list or a section${section === undefined ? `; sections are ${Object.keys(SECTIONS).join(', ')}` : ''}`,
    );
}

/** The environment as if the file's settings were set where the environment has none. */
export function withFile(
  environment: NodeJS.ProcessEnv,
  file: FileSettings | undefined,
): NodeJS.ProcessEnv {
  if (file === undefined) return environment;
  const given = Object.entries(environment).filter(([, value]) => value);
  return { ...environment, ...file.values, ...Object.fromEntries(given) };
}

/** For commands, which leave judging the values to whoever uses them. @throws BadUsage */
export const withConfigurationFile = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  withFile(environment, readConfigurationFile(environment));

function mappingIn(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw refused(path, `can't be read (${code})`);
  }
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw refused(path, 'is larger than 256 KiB');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problem = document.errors[0];
  if (problem !== undefined) {
    // The message's first line; what follows quotes the file, which may hold what nobody should read in a log.
    const { line } = lines.linePos(problem.pos[0]);
    throw refused(path, `is no YAML (line ${line}: ${problem.message.split(/ at line |\n/)[0]})`);
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw refused(path, 'must be a mapping of settings to values');
  return value;
}

const refused = (path: string, why: string): ZkferryError =>
  new ZkferryError(
    'BadUsage',
    `the configuration file ${path}, which ${CONFIG_VARIABLE} names, ${why}`,
  );
