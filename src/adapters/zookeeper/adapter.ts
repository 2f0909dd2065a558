import type { ZooKeeperPort } from '../../model/ports';
import { clientsOf } from './clients';
import { probeServer } from './probe';
import { openSession } from './session';

/** The one real ZooKeeperPort. Holds nothing between calls. */
export function createZooKeeperAdapter(): ZooKeeperPort {
  return { probe: probeServer, openSession, clients: clientsOf };
}
