/** A server's configuration files: read, replace one, keep a copy, put it back; and the inventory's hooks. */
import { ZkferryError } from '../../model/errors';
import type { HostPort } from '../../model/ports';
import { fillCommand } from '../ssh/shellQuote';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import {
  HOOK_MAIN,
  READ_CONFIGURATION_MAIN,
  RESTORE_CONFIGURATION_MAIN,
  SAVE_CONFIGURATION_MAIN,
  WRITE_FILE_MAIN,
} from './scripts/configuration';
import { sha256Of } from '../sha256';

const TIMEOUT_MS = 60_000;
/** Far above any zoo.cfg, and still fit to travel inside a script. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A label becomes a directory's name: no separators, no leading dot. InvalidInput otherwise. */
export function checkedLabel(label: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/.test(label)) return label;
  throw new ZkferryError(
    'InvalidInput',
    `the label ${JSON.stringify(label)} cannot name a directory: use 1–127 letters, digits, ".", "_" or "-"`,
  );
}

export const configurationOperations = (
  runner: HostRunner,
): Pick<
  HostPort,
  | 'readConfiguration'
  | 'writeConfigurationFile'
  | 'saveConfiguration'
  | 'restoreConfiguration'
  | 'runHook'
> => ({
  async readConfiguration(server, context) {
    const { config } = needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'read the configuration',
        parts: [],
        main: READ_CONFIGURATION_MAIN,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    const text = result.get('zoo_cfg') ?? '';
    const envPath = result.get('env_path');
    const envText = result.get('java_env') ?? '';
    return {
      zooCfg: { path: `${config}/zoo.cfg`, text, sha256: sha256Of(text) },
      ...(envPath !== undefined && {
        javaEnv: { path: envPath, text: envText, sha256: sha256Of(envText) },
      }),
    };
  },

  async writeConfigurationFile(server, path, text, expectedSha256, token, context) {
    const { config } = needed(server.directories, server, 'directories.config');
    if (!path.startsWith(`${config}/`) || path.split('/').includes('..')) {
      throw new ZkferryError(
        'InvalidInput',
        `${path} is not in the configuration directory ${config}`,
      );
    }
    if (Buffer.byteLength(text) > MAX_FILE_BYTES) {
      throw new ZkferryError('InvalidInput', `the new ${path} is larger than 1 MiB`);
    }
    await runner.run(
      server,
      {
        what: 'write the configuration',
        parts: [],
        main: WRITE_FILE_MAIN,
        values: {
          path,
          expected: expectedSha256.toLowerCase(),
          wanted: sha256Of(text),
          payload: Buffer.from(text, 'utf8').toString('base64'),
        },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
  },

  async saveConfiguration(server, label, token, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'save the configuration',
        parts: [ZOO_CFG],
        main: SAVE_CONFIGURATION_MAIN,
        values: { label: checkedLabel(label) },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    return { directory: result.get('directory') ?? '', files: Number(result.get('files')) };
  },

  async restoreConfiguration(server, label, token, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'restore the configuration',
        parts: [ZOO_CFG],
        main: RESTORE_CONFIGURATION_MAIN,
        values: { label: checkedLabel(label) },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    return { restored: result.get('restored') === 'yes' };
  },

  async runHook(server, command, values, token, context, timeoutMs) {
    const all = { server: server.name, config: server.directories?.config ?? '', ...values };
    const result = await runner.run(
      server,
      {
        what: 'run a hook',
        parts: [],
        main: HOOK_MAIN,
        values: { command: fillCommand(command, all) },
        token,
        timeoutMs,
      },
      context,
    );
    return { output: result.get('output') ?? '' };
  },
});
