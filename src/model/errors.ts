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
  /** Something that is not ours is where a new server should be put. */
  | 'HostOccupied'
  | 'ChecksumMismatch'
  | 'ArtifactMissing'
  | 'NoDiskSpace'
  | 'ZooKeeperUnavailable'
  | 'ZooKeeperAuthFailed'
  /** ZooKeeper answered and refused this request: `details.code` is NoNode, NodeExists, BadVersion, NotEmpty … */
  | 'ZooKeeperRequestFailed'
  | 'GuardRefused'
  | 'FenceNotProven'
  /** Somebody else has changed who belongs to the ensemble. */
  | 'MembersChanged'
  | 'WaitTimedOut'
  | 'GateRejected'
  | 'GateTimedOut'
  | 'RollbackRefused'
  | 'BackupInvalid'
  /** Encrypted, and none of the identities given is one of its recipients'. */
  | 'NotDecrypted'
  /** The inventory knows no repository of that name. */
  | 'UnknownRepository'
  /** The inventory knows no client of that name. */
  | 'UnknownClient'
  /** The inventory knows no webhook of that name. */
  | 'UnknownWebhook'
  /** A webhook did not take what it was told. */
  | 'WebhookFailed'
  /** A client's file is not what it was when it was looked at: somebody else edits it, too. */
  | 'FileChanged'
  /** A client is not where it was led to, not healthy, or does not do what it is told. */
  | 'RedirectFailed'
  /** No repository is at that place. */
  | 'RepositoryMissing'
  /** Something is there that is no repository, or of a newer format, or damaged. */
  | 'RepositoryInvalid'
  /** Out of reach, full, or not writable now. */
  | 'RepositoryUnavailable'
  /** Its credentials or permissions do not let us in. */
  | 'RepositoryDenied'
  | 'ObjectMissing'
  /** Another writer has taken over capturing this ensemble. */
  | 'WriterReplaced'
  /** The logs at hand do not prove where the history of an ensemble ends that was stopped. */
  | 'TailNotProven'
  | 'TargetCannotHold'
  | 'TreesDiffer'
  /** Nothing that is kept leads to that zxid or time: the message says what does. */
  | 'NotRestorable'
  /** What is there belongs to another ensemble. */
  | 'ForeignEnsemble'
  /** A signed control that does not count: altered, expired, of another run or plan, or used before. */
  | 'ApprovalRefused'
  /** Nobody who is known asks. */
  | 'Unauthenticated'
  /** Whoever asks may not do that there. */
  | 'Forbidden'
  | 'Unsupported'
  /** No Temporal server answers at the address, or it does not let us in. */
  | 'TemporalUnavailable'
  /** No worker polls the task queue, so nothing can be asked of a run. */
  | 'NoWorker'
  /** A worker has polled the task queue in the last two minutes, and has not answered for this run. */
  | 'WorkerSlow'
  /** The process of a worker died, and did not say of what. */
  | 'WorkerEnded'
  | 'RunNotFound'
  /** A run of this workflow id exists already. */
  | 'RunExists'
  /** The run's validator refused a control, or what was asked for was found not to be possible before it began. */
  | 'Refused'
  /** The command line itself is wrong. */
  | 'BadUsage'
  /** Ctrl-C, or SIGTERM. */
  | 'Interrupted';

/** Whether `error` came from this code base and carries a stable type; works across jest realms. */
export function isZkferryError(error: unknown): error is ZkferryError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as { name?: unknown }).name === 'ZkferryError'
  );
}
