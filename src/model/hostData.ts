/** What can be done with the data files of a server on its host. Part of HostPort; rejects with ZkferryError. */
import type { Duplex, Readable } from 'node:stream';
import type { ResolvedServer } from './inventory';
import type { FenceToken, OperationContext } from './ports';

/** `data`: version-2 of dataDir; `log`: of dataLogDir, which may be the same. */
export type DataDirectory = 'data' | 'log';

export interface DataFile {
  directory: DataDirectory;
  /** `snapshot.<zxid>` (with `.gz` or `.snappy` where it is compressed) or `log.<zxid>` */
  name: string;
  /** The one in the name, `0x…`. */
  zxid: string;
  bytes: number;
  /** In whole seconds. */
  mtimeMs: number;
}

export interface DataFiles {
  dataDir: string;
  dataLogDir: string;
  /** By zxid. Where both directories are one, snapshots are in `data` and logs in `log`. */
  files: DataFile[];
}

export interface SetAside {
  /** It had been done before, under this label. */
  alreadyAside: boolean;
  /** What `version-2` is called now; an empty one stands for none. */
  directories: string[];
  bytes: number;
}

export interface BroughtBack {
  /** False where nothing lies aside under that label, and nothing was changed. */
  broughtBack: boolean;
  /** `version-2` of each data directory that is the old one again. */
  directories: string[];
  /** What had been in their place, under its new name. */
  failed: string[];
  /** The epoch that the data which went had led in: the old serve again only in one after it. Absent: theirs is later. */
  afterEpoch?: number;
}

export interface PlacedData {
  /** It had been done before, by this step. */
  alreadyPlaced: boolean;
  directories: string[];
  files: number;
  bytes: number;
  /** Those that were not on the host yet. */
  sentBytes: number;
}

export type SentAhead = Pick<PlacedData, 'files' | 'bytes' | 'sentBytes'>;

/** A standalone server that serves a copy of the data, on its host's loopback. */
export interface ScratchServer {
  zxid: string;
  nodes: number;
  /** Reads past every ACL; of this server alone. */
  auth: { scheme: string; credential: string };
  /** A connection to its client port, through SSH; at most 16 at once. `signal`: who waits for it no longer does. */
  openStream(signal?: AbortSignal): Promise<Duplex>;
}

export interface HostDataPort {
  /**
   * Reads only: snapshots and logs of a server that runs or not. Unsupported (more than 10,000 files, or a data
   * directory that is not absolute), RemoteCommandFailed (cannot be read).
   */
  listDataFiles(server: ResolvedServer, context: OperationContext): Promise<DataFiles>;
  /**
   * Reads only: the bytes of one file as listDataFiles names it, from `fromOffset` (default 0) on, at most `maxBytes`;
   * a file that grows is read up to its size at the start. As fast as they are taken; take them or destroy the stream,
   * which holds an SSH channel. It ends early only with an error. InvalidInput (no such name, an offset past the end),
   * ObjectMissing (purged).
   */
  readDataFile(
    server: ResolvedServer,
    name: string,
    range: { directory: DataDirectory; fromOffset?: number; maxBytes: number },
    context: OperationContext,
  ): Promise<Readable>;
  /**
   * Renames `version-2` of the data directories of a stopped and masked server to `version-2.aside-<label>`; myid
   * stays. Nothing that lies aside is ever deleted. GuardRefused: it runs or is not masked, or others took their place.
   */
  setAsideData(
    server: ResolvedServer,
    label: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<SetAside>;
  /**
   * The way back: what is in the place of the old data is renamed to `version-2.failed-<label>-<n>`, the old put
   * back, their acceptedEpoch raised to that of what went. GuardRefused as setAsideData.
   */
  bringBackData(
    server: ResolvedServer,
    label: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<BroughtBack>;
  /**
   * Sends what placeData would, and puts it nowhere: the next placeData of that server takes over those of the files
   * that it wants, once their sums are proven there, and removes the others. Errors as placeData.
   */
  sendAhead(
    server: ResolvedServer,
    localDirectory: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<SentAhead>;
  /**
   * Puts a directory of this machine, flat, of snapshots and logs alone, in the place of `version-2` of a stopped and
   * masked server, owner and mode as the data directory's; logs into dataLogDir's. A file that an attempt before has
   * sent whole is not sent again. Heartbeats with doneBytes and totalBytes. InvalidInput, NoDiskSpace, GuardRefused
   * (also where there are data already), ChecksumMismatch.
   */
  placeData(
    server: ResolvedServer,
    localDirectory: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<PlacedData>;
  /**
   * Sends such a directory to the host's backup directory, starts a scratch server of the installed version on it,
   * lets `inspect` look while it serves, and removes everything. Its sessions and containers live on untouched
   * meanwhile. BackupInvalid, NoDiskSpace, GuardRefused (too little memory), or what `inspect` rejects with.
   */
  proveData<T>(
    server: ResolvedServer,
    localDirectory: string,
    inspect: (scratch: ScratchServer) => Promise<T>,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ zxid: string; nodes: number; inspected: T }>;
}
