/** What a capture reads, by the name of its source. */
import type { CaptureOptions } from '../../src/adapters/capture/capture';
import { openFileTap } from '../../src/adapters/fileTap/fileTap';
import { quorumSecurity } from '../../src/adapters/quorumSecurity';
import { adminCredential, adminServerOf } from '../../src/adapters/snapshotTap/adminCredential';
import { adminTree } from '../../src/adapters/snapshotTap/adminTree';
import { logicalTree } from '../../src/adapters/snapshotTap/logicalTree';
import { openSnapshotTap, type TakeTree } from '../../src/adapters/snapshotTap/snapshotTap';
import type { CaptureSourceName } from '../../src/model/backupInputs';
import { hostPort } from '../../src/model/hostPort';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import { backupOf, type Dependencies } from '../dependencies';
import { credentialsOf, membersOf } from '../resolve';

/** `giveUpAfterMs`: without anybody to read from. */
export async function openSource(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  source: CaptureSourceName,
  giveUpAfterMs: number,
): Promise<CaptureOptions['openTap']> {
  const members = membersOf(ensemble);
  switch (source) {
    case 'files':
      return (options) =>
        openFileTap({
          ...{ members, host: dependencies.host, giveUpAfterMs, ...options },
          probe: (server, signal) => dependencies.zookeeper.probe(server, { signal }),
        });
    case 'stream': {
      const security = await quorumSecurity(ensemble, dependencies.secrets);
      return (options) =>
        backupOf(dependencies).taps.join(ensemble.name, {
          servers: members,
          ...(security !== undefined && { security }),
          giveUpAfterMs,
          ...options,
        });
    }
    case 'admin':
    case 'logical': {
      const take = await treeOf(dependencies, ensemble, source);
      return (options) => openSnapshotTap({ take, giveUpAfterMs, ...options });
    }
  }
}

async function treeOf(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  source: 'admin' | 'logical',
): Promise<TakeTree> {
  const { zookeeper, secrets } = dependencies;
  const { name } = ensemble;
  const servers = membersOf(ensemble).map(({ host, clientPort }) => ({ host, clientPort }));
  if (source === 'admin') {
    const adminServer = adminServerOf(ensemble);
    return adminTree({
      ...{ servers, port: adminServer.port },
      credential: () => adminCredential({ name, adminServer }, secrets),
      probe: (server, signal) => zookeeper.probe(server, { signal }),
    });
  }
  return logicalTree({
    servers,
    shown: servers.map(({ host, clientPort }) => hostPort(host, clientPort)).join(','),
    auth: await credentialsOf(dependencies, ensemble),
    ownRoot: ensemble.znodeRoot,
    versionOf: async (server, signal) => (await zookeeper.probe(server, { signal })).version,
  });
}
