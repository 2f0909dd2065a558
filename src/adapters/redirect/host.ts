/** A client's host as the runner of host programs takes one: with a lock and a fence of its own, whoever else is there. */
import { ZkferryError } from '../../model/errors';
import type { Client } from '../../model/client';
import type { ResolvedServer } from '../../model/inventory';

/** Before a client's own name, below its state directory. */
const FOLDER = 'clients';

export const hostOf = (client: Client): ResolvedServer => ({
  ensemble: FOLDER,
  name: client.name,
  id: 0,
  host: client.ssh?.host ?? '',
  clientPort: 0,
  role: 'observer',
  spare: true,
  ssh: client.ssh,
  directories: { config: '', state: client.state, backup: client.state },
});

/** @throws ZkferryError Unsupported where the inventory gives no SSH access */
export function reachableHostOf(client: Client): ResolvedServer {
  if (client.ssh !== undefined) return hostOf(client);
  throw new ZkferryError(
    'Unsupported',
    `the inventory gives no SSH access to the client ${client.name}: add ssh.host, ssh.hostKey and ssh.privateKey`,
  );
}
