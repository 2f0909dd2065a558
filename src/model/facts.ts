/** What was observed of an ensemble. Plain JSON: facts travel through Temporal histories and `--json`. */

export type ServerRole = 'leader' | 'follower' | 'observer' | 'standalone';

/**
 * - `serving`: answers and takes part
 * - `notServing`: its port answers, but it says it serves no requests (election, sync, no quorum)
 * - `refusing`: the host is there, nothing listens on the port
 * - `unreachable`: no answer from the host within the deadline
 */
export type ServerState = 'serving' | 'notServing' | 'refusing' | 'unreachable';

export interface LatencyMs {
  minMs: number;
  avgMs: number;
  maxMs: number;
}

/** A member as one server's own configuration names it. */
export interface MemberFacts {
  id: number;
  host: string;
  quorumPort: number;
  electionPort: number;
  role: 'participant' | 'observer';
  clientAddress?: string;
  weight?: number;
  group?: number;
  /** Further quorum addresses of the same member (`a|b`, 3.6+). */
  otherAddresses?: { host: string; quorumPort: number; electionPort: number }[];
}

export interface HostFacts {
  /** Whether the host could be asked over SSH; if not, `error` says why and the rest is absent. */
  reachable: boolean;
  error?: { type: string; message: string };
  process?: { running: boolean; pid?: number; masked?: boolean; startedAt?: string };
  /** By zkferry's own client fence; absent: it is not. */
  closedToClients?: true;
  java?: { version: string; major: number; path: string };
  /** Heap limit of the running server (`-Xmx`), or the JVM's default for this host. */
  heapBytes?: number;
  jvmFlags?: string[];
  /** Settings of zoo.cfg; values of settings that hold secrets are replaced by `<redacted>`. */
  config?: { path: string; sha256: string; settings: Record<string, string>; dynamicPath?: string };
  myid?: number;
  /** The server list as zoo.cfg and its dynamic file say it. */
  members?: MemberFacts[];
  data?: {
    directory: string;
    logDirectory: string;
    snapshotCount: number;
    newestSnapshotZxid?: string;
    newestSnapshotBytes?: number;
    logCount: number;
    /** Bytes in both directories' version-2 folders. */
    totalBytes: number;
    freeBytes: number;
    /** Where copies of the data would go; absent: beside the data. */
    backupFreeBytes?: number;
    hasGzSnapshots: boolean;
    /** Epochs the server wrote into version-2; absent where it has not. */
    acceptedEpoch?: number;
    currentEpoch?: number;
  };
  package?: {
    kind: PackageKindName;
    installedVersion?: string;
    /** Versions present on the host, installed or staged. */
    stagedVersions: string[];
    freeBytes: number;
  };
}

export type PackageKindName = 'apt' | 'rpm' | 'tarball' | 'commands';

export interface ServerFacts {
  /** Name in the inventory. */
  server: string;
  /** id the inventory gives; `host.myid` is what the disk says. */
  id: number;
  address: { host: string; clientPort: number };
  inventoryRole: 'participant' | 'observer';
  state: ServerState;
  /** Why it is in that state, in words (socket error, the server's own sentence). */
  stateDetail?: string;
  /** Normalised `major.minor.patch`. */
  version?: string;
  /** The whole string the server printed. */
  versionText?: string;
  role?: ServerRole;
  /** Last zxid as hex, `0x10000002a`. */
  zxid?: string;
  connections?: number;
  outstandingRequests?: number;
  latency?: LatencyMs;
  znodeCount?: number;
  ephemeralsCount?: number;
  /** The id the running server reports (`conf`), where it answers that. */
  serverId?: number;
  /** `mntr`, where the server answers it. */
  monitor?: Record<string, string>;
  /** Whether four-letter words beyond `srvr` are answered. */
  whitelistOpen?: boolean;
  /** Members as the running server's configuration says (`conf` or /zookeeper/config). */
  members?: MemberFacts[];
  host?: HostFacts;
}

/** An identity in ACLs that is bound to an address or a name: any scheme but world, digest, auth and super. */
export interface BoundAcl {
  scheme: string;
  id: string;
  /** Znodes whose ACL names it, as far as was looked. */
  nodes: number;
  /** The first of them, 3 at most. */
  paths: string[];
}

/** What one pass over the whole tree found, as it was after one transaction. */
export interface TreeFacts {
  /** How it was read, for people. */
  source: string;
  /** Of that transaction, `0x…`. */
  zxid: string;
  /** All znodes, /zookeeper and ephemerals too; `srvr` says one more, it counts the root twice. */
  nodes: number;
  /** Of all znodes together, paths not counted. */
  dataBytes: number;
  largestNode: { path: string; bytes: number };
  containers: number;
  /** Nodes with a time to live. */
  ttls: number;
  ephemerals: number;
  /** Sessions that may resume, connected or not; timeouts are absent where there are none. */
  sessions: { count: number; shortestMs?: number; medianMs?: number; longestMs?: number };
  /** Parents whose sequence numbers come to an end; those nearest to it are listed, 10 at most. */
  countersNearLimit: { count: number; listed: { path: string; next: number }[] };
  /** 50 at most; absent in facts of before this was looked for. */
  boundAcls?: BoundAcl[];
}

/** `unknown`: why the tree could not be read; then nothing is known of it, not that it is empty. */
export type TreeLook = TreeFacts | { unknown: string };

/** A run that has the lock znode of an ensemble. */
export interface HolderFacts {
  runId: string;
  workflowId?: string;
  strategy?: string;
  /** ISO 8601. */
  since: string;
  /** Whether Temporal says that it still runs; absent where it was not asked, or does not know that run. */
  open?: boolean;
}

export interface EnsembleFacts {
  ensemble: string;
  /** ISO 8601, UTC. */
  observedAt: string;
  /** sha256 over the sorted quorum addresses the servers themselves name: the same ensemble under any alias. */
  identity: string;
  servers: ServerFacts[];
  /** Inventory name of the leader, if one was seen. */
  leader?: string;
  /** Number of participants in the configuration in force. */
  voters: number;
  /** Participants that serve in the leader's epoch, the leader included. */
  syncedVoters: number;
  /** Voters whose agreement commits a write. */
  quorumSize: number;
  /** How many more synced voters may stop while a quorum stays; negative: no quorum. */
  quorumMargin: number;
  /** Highest epoch seen in any zxid. */
  epoch?: number;
  sessions?: { total: number; smallestTimeoutMs?: number };
  /** The configuration's version (/zookeeper/config), hex, where reconfig exists. */
  configVersion?: string;
  reconfigEnabled?: boolean;
  canary?: { committed: boolean; latencyMs?: number; error?: string };
  /** Absent where nobody asked for it: reading the whole tree is no part of a quick look. */
  tree?: TreeLook;
  /** Who keeps other runs off, the run that looks aside; absent where nobody asked, too. */
  lock?: HolderFacts;
  warnings: Finding[];
}

export type Severity = 'error' | 'warning' | 'info';

/** Something a person should know or mend. `code` is stable. */
export interface Finding {
  severity: Severity;
  code: string;
  server?: string;
  message: string;
  /** What to do about it. */
  hint?: string;
}
