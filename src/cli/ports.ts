/** The same ports a worker has, for commands that look at an ensemble themselves. */
import { join } from 'node:path';
import type { CommandContext } from './context';
import type { Dependencies } from '../../activities/dependencies';

/** Runs `work` with ports on the inventory of this command; SSH connections are closed afterwards. */
export async function withPorts<T>(
  context: CommandContext,
  work: (ports: Dependencies) => Promise<T>,
): Promise<T> {
  const [host, inventory, secrets, tree, zookeeper, configuration, owner] = await Promise.all([
    import('../adapters/host'),
    import('../adapters/inventory'),
    import('../adapters/secrets'),
    import('../adapters/source/lookAtTree'),
    import('../adapters/zookeeper'),
    import('../../worker/configuration'),
    import('../../worker/ownerCredential'),
  ]);
  const settings = configuration.readConfiguration(context.childEnvironment());
  const secretsPort = secrets.createSecrets();
  const hostPort = host.createHostAdapter({ secrets: secretsPort });
  try {
    return await work({
      inventory: inventory.createInventory({ path: settings.ZKFERRY_INVENTORY }),
      secrets: secretsPort,
      zookeeper: zookeeper.createZooKeeperAdapter(),
      host: hostPort,
      tree: tree.createTreeAdapter({
        directory: join(settings.ZKFERRY_STATE, 'spool'),
        secrets: secretsPort,
      }),
      ownerCredential: await owner.ownerCredential(settings.ZKFERRY_SECRET_FILE),
      searchAttributes: false,
    });
  } finally {
    await hostPort.close();
  }
}
