/** What activities are built from. */
import type {
  HostPort,
  InventoryPort,
  SecretsPort,
  TreePort,
  ZooKeeperPort,
} from '../src/model/ports';
import type { ApprovalVerifier } from '../src/adapters/approvals/verifier';
import { ZkferryError } from '../src/model/errors';
import type { RedirectPort } from '../src/model/redirect';
import type { Repository } from '../src/adapters/repository/repository';
import type { SharedTaps } from '../src/adapters/tap';

/** What backups need. */
export interface BackupDependencies {
  /** Of the inventory, by name. */
  openRepository(name: string): Promise<Repository>;
  taps: SharedTaps;
  /** For snapshots on their way, and what waits for a repository. */
  spoolDirectory: string;
}

export interface Dependencies {
  inventory: InventoryPort;
  secrets: SecretsPort;
  zookeeper: ZooKeeperPort;
  host: HostPort;
  /** Without it plans know nothing of the tree. */
  tree?: TreePort;
  /** Without it no client is redirected. */
  redirect?: RedirectPort;
  /** Without it there are no backups. */
  backup?: BackupDependencies;
  /** `user:password` behind the ACL of lock and canary of the ensemble of this identity. */
  ownerCredential: string;
  /** How controls are let count; absent: as they come. */
  approvals?: ApprovalVerifier;
  /** Whether runs may set search attributes. */
  searchAttributes: boolean;
  /** Whether payloads are encrypted: then nothing that is not a payload may name an ensemble. */
  sealed?: boolean;
}

export function backupOf({ backup }: Pick<Dependencies, 'backup'>): BackupDependencies {
  if (backup !== undefined) return backup;
  throw new ZkferryError('Unsupported', 'this worker is not set up for backups');
}
