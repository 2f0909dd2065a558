/**
 * Every error zkferry raises on purpose. `type` is stable and is what Temporal, the API and scripts
 * see; whether trying again can help is decided where the error is made.
 *
 * Message style: lower case, what + where + what to do next.
 */
export class ZkferryError extends Error {
  constructor(
    readonly type: ErrorType,
    message: string,
    readonly options: { retryable?: boolean; details?: unknown; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ZkferryError';
  }

  get retryable(): boolean {
    return this.options.retryable ?? false;
  }
}

export type ErrorType =
  /** A document given by a person does not fit its schema. */
  | 'InvalidInput'
  /** The inventory file itself is unreadable or does not fit its schema. */
  | 'InvalidInventory'
  | 'UnknownEnsemble'
  | 'UnknownServer'
  | 'InlineEnsembleRefused'
  /** A secret reference (`env:` or `file:`) leads nowhere. */
  | 'SecretMissing'
  /** The plan has findings of severity error. */
  | 'PreflightFailed'
  | 'EnsembleHeld'
  | 'EnsembleLocked'
  | 'SshUnreachable'
  | 'SshAuthFailed'
  | 'HostKeyMismatch'
  | 'RemoteCommandFailed'
  /** A newer token has acted on this host: this attempt must not. */
  | 'StaleFence'
  /** Another attempt's command still holds the host's lock. */
  | 'HostBusy'
  | 'ChecksumMismatch'
  | 'ArtifactMissing'
  | 'NoDiskSpace'
  | 'ZooKeeperUnavailable'
  | 'ZooKeeperAuthFailed'
  | 'GuardRefused'
  | 'WaitTimedOut'
  | 'GateRejected'
  | 'GateTimedOut'
  | 'RollbackRefused'
  | 'BackupInvalid'
  | 'Unsupported';

/** Whether `error` came from this code base and carries a stable type; works across jest realms. */
export function isZkferryError(error: unknown): error is ZkferryError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as { name?: unknown }).name === 'ZkferryError'
  );
}
