/** A host that becomes a member's, and one that stops being so. */
import { isIP } from 'node:net';
import { ZkferryError } from '../../model/errors';
import type { HostPort } from '../../model/ports';
import { checkedLabel } from './configuration';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { PROCESS, SERVICE } from './scripts/process';
import { PROVISION_MAIN, READ_SERVICE_MAIN, REACH_MAIN, WIPE_MAIN } from './scripts/provision';

const TIMEOUT_MS = 60_000;
/** Removing a large tree of logs. */
const WIPE_TIMEOUT_MS = 300_000;
const MAX_TARGETS = 64;
const MAX_FILE_BYTES = 1024 * 1024;

const base64 = (text: string | undefined): string => Buffer.from(text ?? '').toString('base64');

function checkedDirectory(path: string, field: string): string {
  if (/^\/[^\0\n\r]*$/.test(path) && !path.split('/').includes('..') && path !== '/') return path;
  throw new ZkferryError(
    'InvalidInput',
    `${field}: ${JSON.stringify(path)} is no directory for data; expected an absolute path, as dataDir of the members' zoo.cfg or directories.data of the inventory gives it`,
  );
}

export const provisionOperations = (
  runner: HostRunner,
): Pick<HostPort, 'readService' | 'provisionServer' | 'wipeServer' | 'reach'> => ({
  async readService(server, context) {
    if (server.service?.kind !== 'script') return {};
    const result = await runner.run(
      server,
      { what: 'read the service', parts: [], main: READ_SERVICE_MAIN, timeoutMs: TIMEOUT_MS },
      context,
    );
    return { script: result.get('script') };
  },

  async provisionServer(server, files, token, context) {
    needed(server.service, server, 'service');
    needed(server.directories, server, 'directories.config');
    for (const text of [files.zooCfg, files.javaEnv?.text, files.script])
      if (Buffer.byteLength(text ?? '') > MAX_FILE_BYTES)
        throw new ZkferryError('InvalidInput', `a file for ${server.name} is larger than 1 MiB`);
    const data = checkedDirectory(files.dataDir, 'dataDir');
    const result = await runner.run(
      server,
      {
        what: 'provision',
        parts: [PROCESS, SERVICE],
        main: PROVISION_MAIN,
        values: {
          new_data: data,
          new_log: checkedDirectory(files.dataLogDir ?? data, 'dataLogDir'),
          myid: String(files.myid),
          zoo_cfg: base64(files.zooCfg),
          env_name: files.javaEnv?.name ?? '',
          env: base64(files.javaEnv?.text),
          script: base64(files.script),
        },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    return { changed: result.get('changed') === 'yes' };
  },

  async wipeServer(server, label, token, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'wipe',
        parts: [PROCESS, SERVICE, ZOO_CFG],
        main: WIPE_MAIN,
        values: { label: checkedLabel(label) },
        token,
        timeoutMs: WIPE_TIMEOUT_MS,
      },
      context,
    );
    return {
      removedBytes: Number(result.get('bytes') ?? 0),
      removed: (result.get('removed') ?? '').split(' ').filter((path) => path !== ''),
    };
  },

  async reach(server, targets, context) {
    if (targets.length > MAX_TARGETS)
      throw new ZkferryError('InvalidInput', `${targets.length} targets: at most ${MAX_TARGETS}`);
    for (const { host } of targets)
      if (isIP(host) === 0 && !/^[A-Za-z0-9_.-]+$/.test(host))
        throw new ZkferryError('InvalidInput', `${JSON.stringify(host)} is no host`);
    const result = await runner.run(
      server,
      {
        what: 'try connections',
        parts: [],
        main: REACH_MAIN,
        values: { targets: targets.map(({ host, port }) => `${host} ${port}`).join('\n') },
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    const states = new Map(
      (result.get('results') ?? '').split('\n').map((line): [number, string] => {
        const [index = '', state = ''] = line.split(' ');
        return [Number(index), state];
      }),
    );
    return targets.map((target, index) => {
      const state = states.get(index);
      return { ...target, state: state === 'open' || state === 'refused' ? state : 'silent' };
    });
  },
});
