/** Puts a host script together, and reads back what it printed. Pure. */
import { ZkferryError, type ErrorType } from '../../model/errors';
import type { FenceToken } from '../../model/ports';
import type { ResolvedServer } from '../../model/inventory';
import { shellAssignments } from '../ssh/shellQuote';
import { BASE } from './scripts/base';

/**
 * The token as fixed-width text, so that comparing it byte by byte compares (generation, sequence,
 * attempt): a hyphen comes before a dot. RangeError for numbers outside 0 … 9,999,999,999 or another generation
 * than 16 hex digits, or these with a hyphen and 13 digits.
 */
export function tokenText(token: FenceToken): string {
  const digits = (value: number, what: string): string => {
    if (!Number.isInteger(value) || value < 0 || value > 9_999_999_999) {
      throw new RangeError(`a fence token's ${what} must be 0 … 9999999999, got ${value}`);
    }
    return String(value).padStart(10, '0');
  };
  const generation = token.generation.toLowerCase();
  if (!/^[0-9a-f]{16}(-[0-9]{13})?$/.test(generation)) {
    throw new RangeError(
      `a fence token's generation must be 16 hex digits, or these with a hyphen and 13 digits, got "${token.generation}"`,
    );
  }
  return `${generation}.${digits(token.sequence, 'sequence')}.${digits(token.attempt, 'attempt')}`;
}

/** What every script may use: where things are on this server's host. */
export function serverValues(server: ResolvedServer): Record<string, string> {
  const { directories, service, package: pkg } = server;
  const values: Record<string, string> = {
    server_name: server.name,
    config_dir: directories?.config ?? '',
    data_dir: directories?.data ?? '',
    log_dir: directories?.dataLog ?? '',
    state_dir: `${directories?.state ?? '/var/lib/zkferry'}/${server.ensemble}/${server.name}`,
    backup_dir: `${directories?.backup ?? '/var/backups/zkferry'}/${server.ensemble}`,
    java_home: server.javaHome ?? '',
    svc_kind: service?.kind ?? '',
    svc_unit: service?.kind === 'systemd' ? unitName(service.unit) : '',
    svc_path: service?.kind === 'script' ? service.path : '',
    svc_start: '',
    svc_stop: '',
    svc_status: '',
    svc_mask: '',
    svc_unmask: '',
    pkg_kind: pkg?.kind ?? '',
    pkg_root: pkg?.kind === 'tarball' ? pkg.root : '',
    pkg_current: pkg?.kind === 'tarball' ? pkg.current : '',
    pkg_name: pkg?.kind === 'apt' || pkg?.kind === 'rpm' ? pkg.name : '',
    pkg_installed: pkg?.kind === 'commands' ? pkg.installed : '',
  };
  if (service?.kind === 'commands') {
    values.svc_start = service.start;
    values.svc_stop = service.stop;
    values.svc_status = service.status;
    values.svc_mask = service.mask ?? '';
    values.svc_unmask = service.unmask ?? '';
  }
  return values;
}

const unitName = (unit: string): string =>
  /\.[a-z]+$/.test(unit) && unit.endsWith('.service') ? unit : `${unit}.service`;

/**
 * A whole program: values, functions, then `main` as the body of one function, so that the shell has
 * read everything before it does anything, and a script cut off on its way does nothing.
 */
export function hostProgram(
  values: Record<string, string>,
  parts: string[],
  main: string,
  input: 'none' | 'stream' = 'none',
): string {
  const stdin = input === 'none' ? ' </dev/null' : '';
  return `${shellAssignments(values)}${[BASE, ...parts].join('')}
zkferry_main() {
${main}
}
zkferry_main${stdin}
exit $?
`;
}

/** `key=value` and `key:=base64` lines; others are ignored. */
export function parseOutput(stdout: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const match = /^([a-z0-9_]+)(:?)=(.*)$/.exec(line);
    if (!match) continue;
    const [, key, encoded, value] = match as unknown as [string, string, string, string];
    values.set(key, encoded ? Buffer.from(value, 'base64').toString('utf8') : value);
  }
  return values;
}

/** Of a value that is a list. */
export const linesOf = (text = ''): string[] => text.split('\n').filter((line) => line !== '');

const ERROR_LINE = /^zkferry-error ([A-Za-z]+) (yes|no) (.*)$/m;

/** The error a script ended with: its own `fail` line, or the exit code and the end of what it printed. */
export function scriptError(
  what: string,
  where: string,
  code: number,
  stderr: string,
): ZkferryError {
  const match = ERROR_LINE.exec(stderr);
  if (match) {
    const [, type, retryable, message] = match as unknown as [string, ErrorType, string, string];
    return new ZkferryError(type, `${what} on ${where}: ${message}`, {
      retryable: retryable === 'yes',
      details: { exitCode: code },
    });
  }
  const tail = stderr.trim().slice(-1_000);
  return new ZkferryError(
    'RemoteCommandFailed',
    `${what} on ${where} failed with exit code ${code}${tail === '' ? '' : `: ${tail}`}`,
    { retryable: true, details: { exitCode: code, stderr: tail } },
  );
}
