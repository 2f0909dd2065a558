/** What the server is built from. */
import type { BackupDependencies, Dependencies } from '../../activities/dependencies';
import type { ApprovalSigner } from '../adapters/approvals/signer';
import type { AuditLog } from '../adapters/audit/auditLog';
import type { IdentityProvider } from '../adapters/identity/jwt';
import type { RevokedSessions } from '../adapters/identity/revokedSessions';
import type { TokenStore } from '../adapters/identity/tokens';
import type { Temporal } from '../adapters/temporal/connect';
import type { WorkerPresence } from '../adapters/temporal/workerPresence';
import type { ServerConfiguration } from './configuration';

export interface ServerDependencies extends Pick<
  Dependencies,
  'inventory' | 'secrets' | 'zookeeper' | 'host'
> {
  backup: BackupDependencies;
  configuration: ServerConfiguration;
  temporal: Temporal;
  workers: WorkerPresence;
  tokens: TokenStore;
  identityProvider?: IdentityProvider;
  /** Without it approvals count only where workers take them as they come. */
  signer?: ApprovalSigner;
  audit: AuditLog;
  /** Sessions of the console that were logged out. */
  revoked: RevokedSessions;
  /** Signs the console's cookies: 32 bytes. */
  sessionKey: Uint8Array;
  version: string;
  /** Where the console's built files are; absent: there is no console. */
  consoleDirectory?: string;
}
