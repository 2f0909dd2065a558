/** A client's host as the runner of host programs takes one: with a lock and a fence for each ensemble that leads it. */
import { ZkferryError } from '../../model/errors';
import type { Client } from '../../model/client';
import type { ResolvedServer } from '../../model/inventory';

export const hostOf = (client: Client, ensemble: string): ResolvedServer => ({
  ensemble,
  name: client.name,
  id: 0,
  host: client.ssh?.host ?? '',
  clientPort: 0,
  role: 'observer',
  spare: true,
  ssh: client.ssh,
  directories: { config: '', state: `${client.state}/clients`, backup: client.state },
});

/** @throws ZkferryError Unsupported where the inventory gives no SSH access */
export function reachableHostOf(client: Client, ensemble: string): ResolvedServer {
  if (client.ssh !== undefined) return hostOf(client, ensemble);
  throw new ZkferryError(
    'Unsupported',
    `the inventory gives no SSH access to the client ${client.name}: add ssh.host, ssh.hostKey and ssh.privateKey`,
  );
}
