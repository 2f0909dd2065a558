import type { CaptureSourceName } from '../../model/backupInputs';
import type { ConfigurationDocument } from '../../model/repository';
import type { RetentionSpec } from '../../model/repositorySpec';
import type { Repository } from '../repository/repository';
import type { Tap, TapOptions, UnseenRange } from '../tap';
import type { Members } from './claim';
import type { Lag } from './lagMeter';

export interface CaptureOptions {
  repository: Repository;
  /** Its name in the inventory, and its folder in the repository. */
  ensemble: string;
  /** Who captures, for people: workflow and run, or a process. */
  owner: string;
  members: Members;
  /** Takes a base as soon as a leader feeds it, also where one is there. Default: only where none is. */
  freshBase?: boolean;
  /** Lets an ensemble be captured none of whose members is known there. */
  acceptForeign?: boolean;
  /** What `openTap` reads: told in the progress, and in bases. Default stream. */
  source?: CaptureSourceName;
  openTap: (options: Pick<TapOptions, 'from' | 'directory' | 'signal'>) => Tap;
  /**
   * The transactions of a range that the tap did not see, from the members' own logs, in order and without a gap;
   * rejects where they cannot be had, which makes the range a hole. Without it every unseen range is one.
   */
  fill?: (
    range: UnseenRange,
    signal: AbortSignal,
  ) => AsyncIterable<{ zxid: bigint; bytes: Buffer }>;
  /** The members' configuration, to lie beside a base. Failing is no reason to have no base. */
  configuration?: (signal: AbortSignal) => Promise<ConfigurationDocument | undefined>;
  /**
   * Most of a base's file that is read a second to be stored; as fast as it goes without it. The snapshot itself is never
   * held back: a leader that sends one waits for nobody.
   */
  baseBytesPerSecond?: number;
  /** Applied after each new base, and once an hour. Without it everything is kept. */
  retention?: RetentionSpec;
  /** For snapshots on their way and what waits while the repository is not writable. */
  directory: string;
  /** A segment is sealed after this long. Default 60 s. */
  segmentMs?: number;
  /** … or with so many plain bytes, which are kept in memory until then. Default 16 MiB. */
  segmentBytes?: number;
  /** Waiting transactions beyond this go to disk. Default 16 MiB. */
  memoryBytes?: number;
  /** Memory and disk together; beyond it the tap is not read, and the leader drops it. Default 1 GiB. */
  spoolBytes?: number;
  /** Ends it at once. */
  signal: AbortSignal;
  /** Ends it once what came so far is sealed. */
  stop: AbortSignal;
  /** After every change worth telling, and once a second. */
  onProgress: (progress: CaptureProgress) => void;
}

export interface CaptureProgress {
  /**
   * - attaching: no leader feeds it yet, or any more
   * - capturing: everything that was committed arrives here
   * - spooling: the repository does not take it now
   * `trouble` says why it is not capturing.
   */
  state: 'attaching' | 'capturing' | 'spooling';
  source: CaptureSourceName;
  /** What is lost with the ensemble, in words. */
  rpo: string;
  timeline: number;
  generation: number;
  /** Durable in the repository. */
  durableUpTo?: string;
  lag: Lag;
  /** Since this capture began. */
  txns: number;
  plainBytes: number;
  storedBytes: number;
  segments: number;
  /** Waiting on disk. */
  spooledBytes: number;
  leader?: string;
  trouble?: string;
  /** Of this capture, or found there by it. */
  lastBase?: {
    usableFrom: string;
    /** Of one that is not of one moment. */
    readFrom?: string;
    takenAt: string;
    nodes?: number;
    bytes: number;
  };
  lastDrill?: { at: string; ok: boolean; zxid: string };
  /** While a base is being stored. */
  storingBase?: boolean;
  holes: number;
  lastHole?: string;
}
