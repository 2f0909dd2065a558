/** Copies of a running server's data on its own host. */
import type { HostPort } from '../../model/ports';
import { checkedLabel } from './configuration';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { BACKUP_MAIN } from './scripts/data';
import { PROCESS } from './scripts/process';

const BACKUP_TIMEOUT_MS = 6 * 3_600_000;

export const dataOperations = (runner: HostRunner): Pick<HostPort, 'backupData'> => ({
  async backupData(server, label, token, context, holds = '') {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'back up the data',
        parts: [PROCESS, ZOO_CFG],
        main: BACKUP_MAIN,
        values: { label: checkedLabel(label), holds },
        token,
        timeoutMs: BACKUP_TIMEOUT_MS,
      },
      context,
    );
    return {
      directory: result.get('directory') ?? '',
      files: Number(result.get('files')),
      bytes: Number(result.get('bytes')),
      ...(result.get('holds') && { holds: result.get('holds') }),
    };
  },
});
