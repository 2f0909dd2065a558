/** What the server is built from. */
import type { Dependencies } from '../../activities/dependencies';
import type { ApprovalSigner } from '../adapters/approvals/signer';
import type { AuditLog } from '../adapters/audit/auditLog';
import type { IdentityProvider } from '../adapters/identity/jwt';
import type { TokenStore } from '../adapters/identity/tokens';
import type { Repository } from '../adapters/repository/repository';
import type { Temporal } from '../adapters/temporal/connect';
import type { ServerConfiguration } from './configuration';

export interface ServerDependencies extends Pick<
  Dependencies,
  'inventory' | 'secrets' | 'zookeeper' | 'host'
> {
  configuration: ServerConfiguration;
  temporal: Temporal;
  tokens: TokenStore;
  identityProvider?: IdentityProvider;
  /** Without it approvals count only where workers take them as they come. */
  signer?: ApprovalSigner;
  audit: AuditLog;
  /** Signs the console's cookies: 32 bytes. */
  sessionKey: Uint8Array;
  openRepository(name: string): Promise<Repository>;
  /** Names of the inventory's repositories. */
  version: string;
  /** Where the console's built files are; absent: there is no console. */
  consoleDirectory?: string;
  /** For trees that are compared. */
  spoolDirectory: string;
}
