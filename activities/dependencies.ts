/** What activities are built from. */
import type {
  HostPort,
  InventoryPort,
  SecretsPort,
  TreePort,
  ZooKeeperPort,
} from '../src/model/ports';

export interface Dependencies {
  inventory: InventoryPort;
  secrets: SecretsPort;
  zookeeper: ZooKeeperPort;
  host: HostPort;
  /** Without it plans know nothing of the tree. */
  tree?: TreePort;
  /** `user:password` behind the ACL of lock and canary of the ensemble of this identity. */
  ownerCredential: string;
  /** Whether runs may set search attributes. */
  searchAttributes: boolean;
}
