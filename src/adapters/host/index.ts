/** Everything done on a server's host, over SSH. */
import type { HostPort, SecretsPort } from '../../model/ports';
import { SshPool } from '../ssh/pool';
import { clientFenceOperations } from './clientFence';
import { configurationOperations } from './configuration';
import { dataOperations } from './data';
import { dataFileOperations } from './dataFiles';
import { observeOperation } from './observe';
import { packageOperations } from './package';
import { placementOperations } from './placement';
import { proofOperations } from './proof';
import { provisionOperations } from './provision';
import { reachOperation } from './reach';
import { createHostRunner } from './runner';
import { serviceOperations } from './service';

export interface HostAdapterOptions {
  secrets: SecretsPort;
  /** How long an operation waits for another one on the same server to end (HostBusy). Default 20 s. */
  lockWaitMs?: number;
  maxConnections?: number;
  /** An unused connection is closed after this long. Default 15 s. */
  idleMs?: number;
}

export interface HostAdapter extends HostPort {
  /** Ends all connections; a process may exit without it, once they have idled out. */
  close(): Promise<void>;
}

export function createHostAdapter(options: HostAdapterOptions): HostAdapter {
  const pool = new SshPool({
    secrets: options.secrets,
    maxConnections: options.maxConnections,
    idleMs: options.idleMs,
  });
  const runner = createHostRunner(pool, { lockWaitMs: options.lockWaitMs ?? 20_000 });
  return {
    ...observeOperation(runner),
    ...packageOperations(runner),
    ...serviceOperations(runner),
    ...configurationOperations(runner),
    ...dataOperations(runner),
    ...dataFileOperations(runner),
    ...placementOperations(runner),
    ...proofOperations(runner),
    ...provisionOperations(runner),
    ...reachOperation(runner),
    ...clientFenceOperations(runner),
    close: () => pool.close(),
  };
}
