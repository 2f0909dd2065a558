/** A new server's files on a bare host, and a former server's off it. */
import { parseZooCfg } from '../../codec/zooCfg';
import { ZkferryError } from '../../model/errors';
import type { ResolvedServer } from '../../model/inventory';
import type { HostPort, ServerFiles } from '../../model/ports';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { PROCESS, SERVICE } from './scripts/process';
import { PROVISION_MAIN, READ_SERVICE_MAIN } from './scripts/provision';
import { WIPE_MAIN } from './scripts/wipe';
import { sha256Of } from '../sha256';
import { linesOf } from './program';

const TIMEOUT_MS = 60_000;
/** Removing is quick even for many files, but a slow disk may take its time over large ones. */
const WIPE_TIMEOUT_MS = 10 * 60_000;
/** Each text travels inside the script. */
const MAX_FILE_BYTES = 1024 * 1024;
/** A server preallocates its first log with 64 MiB (zookeeper.preAllocSize), and needs room to write. */
const DATA_NEED_BYTES = 80 * 1024 * 1024;

export const provisionOperations = (
  runner: HostRunner,
): Pick<HostPort, 'provisionServer' | 'readService' | 'wipeServer'> => ({
  async provisionServer(server, files, token, context) {
    const result = await runner.run(
      server,
      {
        what: 'provision',
        parts: [PROCESS, SERVICE],
        main: PROVISION_MAIN,
        values: provisionValues(server, files),
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    const created = linesOf(result.get('created'));
    const written = linesOf(result.get('written'));
    return {
      changed: created.length + written.length > 0,
      created,
      written,
      snapshots: Number(result.get('snapshots')),
      logs: Number(result.get('logs')),
    };
  },

  async readService(server, context) {
    if (server.service?.kind !== 'script') return {};
    const result = await runner.run(
      server,
      {
        what: 'read the service script',
        parts: [],
        main: READ_SERVICE_MAIN,
        values: { max_bytes: String(MAX_FILE_BYTES) },
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    const script = result.get('script');
    return script === undefined ? {} : { script };
  },

  async wipeServer(server, _options, token, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'wipe',
        parts: [PROCESS, SERVICE, ZOO_CFG],
        main: WIPE_MAIN,
        // Not the attempt: a second one continues what the first began, and keeps its copy.
        values: { label: `${token.generation.toLowerCase()}-${token.sequence}` },
        token,
        timeoutMs: WIPE_TIMEOUT_MS,
      },
      context,
    );
    return {
      removedBytes: Number(result.get('removed_bytes')),
      removed: linesOf(result.get('removed')),
    };
  },
});

/** InvalidInput where the files do not fit each other or the directories the inventory names. */
function provisionValues(server: ResolvedServer, files: ServerFiles): Record<string, string> {
  const directories = needed(server.directories, server, 'directories.config');
  const settings = parseZooCfg(files.zooCfg).settings;
  const logDir = files.dataLogDir ?? files.dataDir;
  checkDirectory('dataDir', files.dataDir, directories.data, settings.dataDir);
  checkDirectory('dataLogDir', logDir, directories.dataLog, settings.dataLogDir ?? files.dataDir);
  if (!Number.isInteger(files.myid) || files.myid < 0 || files.myid > 255) {
    throw invalid(`myid is ${files.myid}: expected a whole number of 0–255`);
  }
  const { dynamicCfg, javaEnv } = files;
  if (dynamicCfg !== undefined && !isInside(dynamicCfg.path, directories.config)) {
    throw invalid(
      `dynamicCfg.path is ${dynamicCfg.path}: expected a file in the configuration directory ${directories.config}`,
    );
  }
  return {
    want_data: files.dataDir,
    want_log: logDir,
    myid: String(files.myid),
    data_need: String(DATA_NEED_BYTES),
    ...textValues('cfg', 'zooCfg', files.zooCfg),
    dyn_path: dynamicCfg?.path ?? '',
    ...textValues('dyn', 'dynamicCfg', dynamicCfg?.text ?? ''),
    env_path: javaEnv ? `${directories.config}/${javaEnv.name}` : '',
    ...textValues('env', 'javaEnv', javaEnv?.text ?? ''),
    script_text: textValues('script', 'script', files.script ?? '').script_text as string,
  };
}

const invalid = (message: string): ZkferryError =>
  new ZkferryError('InvalidInput', `the new server's ${message}; nothing was written`);

/** Directly in it, and none of the names that have a meaning of their own. */
function isInside(path: string, directory: string): boolean {
  const name = path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : '';
  return (
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/.test(name) &&
    !['zoo.cfg', 'java.env', 'zookeeper-env.sh', 'myid'].includes(name)
  );
}

function checkDirectory(
  field: string,
  path: string,
  named: string | undefined,
  configured: string | undefined,
): void {
  const inventory = field === 'dataDir' ? 'directories.data' : 'directories.dataLog';
  if (!/^\/[^\0\n\r]+$/.test(path) || path.split('/').includes('..')) {
    throw invalid(`${field} is ${JSON.stringify(path)}: expected an absolute path without ".."`);
  }
  if (named !== undefined && trimmed(path) !== trimmed(named)) {
    throw invalid(
      `${field} is ${path}: expected ${named}, which the inventory names (${inventory})`,
    );
  }
  if (configured === undefined || trimmed(configured) !== trimmed(path)) {
    throw invalid(
      `${field} is ${path}, but its zoo.cfg says ${configured ?? 'none'}: expected the same`,
    );
  }
}

const trimmed = (path: string): string => path.replace(/\/+$/, '');

function textValues(prefix: string, field: string, text: string): Record<string, string> {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MAX_FILE_BYTES) {
    throw invalid(`${field} has ${bytes.length} bytes: expected at most 1 MiB`);
  }
  return {
    [`${prefix}_text`]: bytes.toString('base64'),
    [`${prefix}_sha`]: sha256Of(bytes),
  };
}
