/** What a copy is asked for, and what it says. */
import type { ConflictPolicy } from '../../tree/copy/merge';
import type { Selection } from '../../tree/copy/selection';
import type { Survey } from '../../tree/copy/survey';
import type { TreeSource } from '../../tree/source';
import type { Tap } from '../tap/tap';
import type { ServerAddress } from '../zookeeper/fourLetterClient';

export interface Credential {
  scheme: string;
  credential: string;
}

export interface CopyTarget {
  servers: readonly ServerAddress[];
  /** For messages. */
  shown: string;
  auth: readonly Credential[];
  /** What gives `auth`, for messages. */
  authFrom?: string;
}

/** What goes where. */
export interface CopyJob {
  /** Names the source, for the journal and for messages. */
  source: string;
  openSource(): Promise<TreeSource>;
  target: CopyTarget;
  /** The target as it is; asked for only where something is there already. */
  openTarget(auth: readonly Credential[]): Promise<TreeSource>;
  selection: Selection;
}

export interface CopyOptions {
  execute: boolean;
  /** Where journals are kept: what a killed copy needs to go on. */
  journals: string;
  /** Where snapshots and sorted runs are kept meanwhile. */
  spool: string;
  /** Default `fail`. */
  conflict?: ConflictPolicy;
  /** What can be done about nodes of the target that are in the way, for messages; default: to say a policy. */
  remedy?: string;
  /** Creates and deletes that raising counters may take altogether. */
  maxCounterRaise?: number;
  /**
   * Parents that have given more numbers at the target than at the source keep their counters. Right where the source
   * is an earlier state of the target itself, whose clients have those numbers. Default false: it is refused.
   */
  mayBeAhead?: boolean;
  /** The target's jute.maxbuffer. */
  maxRequestBytes?: number;
  opsPerSecond?: number;
  /** Longest time without an acknowledgement by the target; default a minute. */
  stallTimeoutMs?: number;
  /** Where the marker lives. */
  znodeRoot?: string;
  /** Gives up what an unfinished copy between the same two has left. */
  startOver?: boolean;
  onProgress?: (progress: CopyProgress) => void;
  signal?: AbortSignal;
}

export interface CopyProgress {
  phase: 'read' | 'survey' | 'compare' | 'check' | 'write' | 'finish';
  done: number;
  total?: number;
}

export interface CopyResult {
  executed: boolean;
  /** Steps that an earlier process had done; absent where this one began. */
  resumedAfter?: number;
  /** Of the source, as far as they are meant. */
  nodes: number;
  /** Of their data. */
  bytes: number;
  containers: number;
  ttls: number;
  ephemerals: Survey['ephemerals'];
  created: number;
  /** Existed on the target with other data or another ACL. */
  changed: number;
  /** On the target alone. */
  deleted: number;
  /** Exist on the target, differ, and are left as they are. */
  skipped: number;
  /** Creates and deletes that raise counters. */
  counterPairs: number;
  /** The target's `/` has given one number more than the source's: its own was taken for the copy's marker. */
  rootAhead: boolean;
  /** ACLs set at the end, since they would have kept the copy out. */
  finalAcls: number;
  /** From the first look to the last acknowledgement. */
  durationMs: number;
  /** `0x…`: the source is as it was after this transaction; absent where it was read node by node. */
  zxid?: string;
}

export interface FollowJob extends CopyJob {
  /** Of the source's leader; goes on after the transaction `from`, or begins with a snapshot. */
  openTap(from?: bigint): Tap;
}

export interface FollowOptions extends CopyOptions {
  /** Ends once everything up to this transaction is applied; otherwise when the signal is aborted. */
  stopAt?: bigint;
  /** What a later process needs to go on is left, on disk and on the target; otherwise the end is the end. */
  goesOn?: boolean;
  onFollow?: (status: FollowStatus) => void;
}

export interface FollowStatus {
  /** `following`: attached to the source's leader, and everything that comes is applied. */
  state: 'following' | 'detached' | 'comparing' | 'stopping';
  /** `0x…`: everything up to it is applied. */
  zxid: string;
  /** Received, not yet acknowledged by the target. */
  lagTransactions: number;
  /** Of the oldest of those; 0 for none. */
  lagMs: number;
  /** Applied since this process began. */
  transactions: number;
}

export interface FollowResult extends CopyResult {
  /** `0x…`: went on after it, where an earlier process was stopped; absent where both sides were compared. */
  resumedFrom?: string;
  /** Of the source's transactions, those that concerned the copy. */
  transactions: number;
  /** Times both sides had to be compared again, since transactions were not seen one by one. */
  resyncs: number;
  /** The source's leader was attached at the end: nothing it had committed then is missing. */
  complete: boolean;
  /** From a transaction's arrival to its acknowledgement by the target. */
  lagP50Ms: number;
  lagP99Ms: number;
}

export const DEFAULT_MAX_COUNTER_RAISE = 1_000_000;
/** The default of jute.maxbuffer. */
export const DEFAULT_MAX_REQUEST_BYTES = 0xfffff;
