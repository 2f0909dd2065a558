/**
 * What a repository holds of one ensemble, as far as listings and documents tell: the input of every decision about
 * backups. Made by src/adapters/repository; nothing here was decrypted.
 */
import type {
  BaseManifest,
  EnsembleDocument,
  Hole,
  LogObject,
  StoredObject,
} from '../../model/repository';

/** Something that should be otherwise. `key`: the object it is about. */
export interface ContentFinding {
  code:
    | 'EnsembleDamaged'
    | 'ObjectMissing'
    | 'ObjectDamaged'
    | 'ObjectUnknown'
    | 'IndexMissing'
    | 'IndexDamaged'
    | 'IndexOlder'
    | 'StateMissing'
    | 'StateDamaged'
    | 'StateOlder'
    | 'DrillDamaged'
    | 'ManifestMissing'
    | 'ManifestDamaged'
    | 'LogHole'
    | 'NoBase'
    | 'NotDecrypted';
  severity: 'error' | 'warning';
  key?: string;
  message: string;
}

export interface ListedBase extends BaseManifest {
  /** The manifest's own key. */
  key: string;
}

export interface TimelineContents {
  number: number;
  /** Of the newest writer that left a state; 0 where none did. */
  generation: number;
  bases: ListedBase[];
  /** Sealed: what the indexes name and the listing has. */
  segments: LogObject[];
  /** Unsealed, of all generations. */
  pieces: LogObject[];
  /** As the writer named them. */
  holes: Hole[];
  /** Of the last sealed segment, as the state says. */
  sealedUpTo?: string;
  /** What was there once, as the state says. */
  durableUpTo?: string;
  /** Indexes, as the state lists them. */
  indexes: StoredObject[];
  /** In the listing below log/, and in no index: what a stale writer left, or what an older index does not know yet. */
  unindexed: LogObject[];
  findings: ContentFinding[];
}

export interface EnsembleContents {
  ensemble: string;
  document: EnsembleDocument;
  timelines: TimelineContents[];
}

/** Every zxid from `from` to `to` can be restored, without a hole; one alone where its base stands alone. */
export interface RestorableRange {
  timeline: number;
  /** Key of the manifest of the first base of it. */
  base: string;
  from: string;
  to: string;
  /** Of a base that is not of one moment: from where it was read, up to `to`. */
  readFrom?: string;
  /**
   * Ms since 1970: that of `from`, as its base says, and the greatest of a transaction in it. Both are asked for as
   * they are shown, so each leads into the range: the least time in it, where a clock ran back, would not.
   */
  fromMs: number;
  toMs: number;
}

/** What a restore reads: the base, then these objects in this order, transactions after `base.snapshotZxid` only. */
export interface Extraction {
  timeline: number;
  base: ListedBase;
  objects: LogObject[];
  /** The last transaction to apply. */
  zxid: string;
}
