/** What `backup create` reads an ensemble from: `--source`. */
import { Option, type Command } from 'commander';
import type { CaptureOptions } from '../adapters/capture/options';
import { CAPTURE_SOURCES, keepsBasesOnly, type CaptureSourceName } from '../model/backupInputs';
import { DEFAULT_ZNODE_ROOT } from '../model/contract';
import { ZkferryError } from '../model/errors';
import { hostPort } from '../model/hostPort';
import type { ResolvedEnsemble } from '../model/inventory';
import { tapAccess, withQuorumOptions, type QuorumOptions } from './quorumOptions';
import type { TreePlace } from './treePlace';
import { digestCredentials } from './treeSource';

/** Longer than an election, shorter than the patience of whoever mistyped an address. */
const GIVE_UP_AFTER_MS = 15_000;

export interface SourceOptions extends QuorumOptions {
  source: CaptureSourceName;
  sourceAuth?: string[];
  follow?: boolean;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export const withSourceOptions = (command: Command): Command =>
  withQuorumOptions(
    command
      .addOption(
        new Option(
          '--source <way>',
          "stream: the quorum port; files: the servers' own over SSH; admin: AdminServer, 3.9; logical: the client port",
        )
          .choices(CAPTURE_SOURCES)
          .default('stream'),
      )
      .option(
        '--source-auth <reference>',
        'with --source logical: env:NAME or file:/path of user:password (repeatable)',
        collect,
      ),
  );

/** BadUsage for what does not go together, before anything is contacted. */
export function refuseSource(options: SourceOptions, { ensemble }: TreePlace): void {
  const { source, follow, sourceAuth } = options;
  if (follow === true && keepsBasesOnly(source))
    throw new ZkferryError(
      'BadUsage',
      `--follow: no transactions come from source ${source}, which gives whole bases only; leave --follow out, or take --source stream or files`,
    );
  if (sourceAuth !== undefined && source !== 'logical')
    throw new ZkferryError('BadUsage', '--source-auth: only with --source logical');
  const quorum = Object.keys(options).find(
    (name) => /^quorum[A-Z]/.test(name) && name !== 'quorumHostCheck',
  );
  if (quorum !== undefined && source !== 'stream')
    throw new ZkferryError(
      'BadUsage',
      `--quorum-…: what the quorum port demands counts with --source stream only; got --source ${source}`,
    );
  if (ensemble === undefined && (source === 'files' || source === 'admin'))
    throw new ZkferryError(
      'BadUsage',
      `--source ${source}: ${source === 'files' ? 'the way to the files ("ssh") comes' : 'port and credential of the AdminServer ("adminServer") come'} from the inventory alone: name the ensemble as it is called there, or take --source stream or logical`,
    );
}

export interface OpenedSource {
  openTap: CaptureOptions['openTap'];
  close(): Promise<void>;
}

/** `place` was let through by `refuseSource`. */
export async function openSource(place: TreePlace, options: SourceOptions): Promise<OpenedSource> {
  const { servers, ensemble } = place;
  const giveUpAfterMs = GIVE_UP_AFTER_MS;
  const close = () => Promise.resolve();
  switch (options.source) {
    case 'stream': {
      const { openTap } = await import('../adapters/tap/tap');
      const access = await tapAccess(servers, options, ensemble);
      return { openTap: (tap) => openTap({ ...access, giveUpAfterMs, ...tap }), close };
    }
    case 'files':
      return filesOf(ensemble!);
    case 'admin': {
      const { openSnapshotTap } = await import('../adapters/snapshotTap/snapshotTap');
      const take = await adminOf(ensemble!, servers);
      return { openTap: (tap) => openSnapshotTap({ take, giveUpAfterMs, ...tap }), close };
    }
    case 'logical': {
      const { openSnapshotTap } = await import('../adapters/snapshotTap/snapshotTap');
      const { logicalTree } = await import('../adapters/snapshotTap/logicalTree');
      const { probeServer } = await import('../adapters/zookeeper/probe');
      const take = logicalTree({
        ...{ servers, shown: servers.map((one) => hostPort(one.host, one.clientPort)).join(',') },
        auth: await digestCredentials('--source-auth', place, options.sourceAuth),
        authFrom:
          ensemble === undefined
            ? '--source-auth'
            : `"auth" of ${ensemble.name} in the inventory, or --source-auth`,
        ownRoot: ensemble?.znodeRoot ?? DEFAULT_ZNODE_ROOT,
        versionOf: async (server, signal) => (await probeServer(server, { signal })).version,
      });
      return { openTap: (tap) => openSnapshotTap({ take, giveUpAfterMs, ...tap }), close };
    }
  }
}

async function filesOf({ servers, name }: ResolvedEnsemble): Promise<OpenedSource> {
  const { createHostAdapter } = await import('../adapters/host');
  const { createSecrets } = await import('../adapters/secrets');
  const { openFileTap } = await import('../adapters/fileTap/fileTap');
  const { probeServer } = await import('../adapters/zookeeper/probe');
  const members = servers.filter(({ spare }) => !spare);
  if (members.every(({ ssh }) => ssh === undefined))
    throw new ZkferryError(
      'InvalidInventory',
      `--source files: the inventory gives no member of ${name} "ssh": say it there, or take another --source`,
    );
  const host = createHostAdapter({ secrets: createSecrets() });
  return {
    openTap: (tap) =>
      openFileTap({
        ...{ members, host, giveUpAfterMs: GIVE_UP_AFTER_MS, ...tap },
        probe: (server, signal) => probeServer(server, { signal }),
      }),
    close: () => host.close(),
  };
}

async function adminOf(ensemble: ResolvedEnsemble, servers: TreePlace['servers']) {
  const { adminTree } = await import('../adapters/snapshotTap/adminTree');
  const { adminCredential, adminServerOf } =
    await import('../adapters/snapshotTap/adminCredential');
  const { createSecrets } = await import('../adapters/secrets');
  const { probeServer } = await import('../adapters/zookeeper/probe');
  const adminServer = adminServerOf(ensemble);
  return adminTree({
    ...{ servers, port: adminServer.port },
    credential: () => adminCredential({ name: ensemble.name, adminServer }, createSecrets()),
    probe: (server, signal) => probeServer(server, { signal }),
  });
}
