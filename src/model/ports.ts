/**
 * What activities need from the outside world. One real implementation each, in src/adapters; a fake
 * exists only where a fault must be staged. All methods reject with ZkferryError.
 */
import type { Client } from './client';
import type { ClientFencePort } from './clientFence';
import type { HostDataPort } from './hostData';
import type { EnsembleRef, ResolvedEnsemble, ResolvedServer } from './inventory';
import type { RepositorySpec } from './repositorySpec';
import type { RunWebhook } from './webhooks';
import type { HostFacts, LatencyMs, MemberFacts, ServerRole, ServerState, TreeLook } from './facts';

/** How a running operation is watched: `signal` aborts it, `heartbeat` says it lives and how far it is. */
export interface OperationContext {
  signal: AbortSignal;
  heartbeat(detail?: unknown): void;
}

/**
 * Orders every remote effect on a host: compared as (generation, sequence, attempt). The host refuses
 * a token older than the newest it has seen with `StaleFence`.
 */
export interface FenceToken {
  /**
   * czxid of the run's lock znode, 16 hex digits: grows with every run that takes the ensemble. A restore has no lock:
   * the zxid that its servers start from, a hyphen, and when the run began (ms since 1970, 13 digits), by which one that
   * went back before anything started is older than the next. Above every lock before it, below every one after it.
   */
  generation: string;
  /** Counts the run's effects, undo steps included. */
  sequence: number;
  /** Temporal's attempt of the activity. */
  attempt: number;
}

export interface InventoryPort {
  /** Resolves a name (or, where allowed, an inline ensemble) with defaults applied. UnknownEnsemble, InvalidInventory, InlineEnsembleRefused. */
  resolve(ref: EnsembleRef): Promise<ResolvedEnsemble>;
  names(): Promise<string[]>;
  repositoryNames(): Promise<string[]>;
  /** UnknownRepository, InvalidInventory. */
  repository(name: string): Promise<RepositorySpec>;
  /** UnknownClient, InvalidInventory. */
  client(name: string): Promise<Client>;
  /** UnknownWebhook, InvalidInventory. */
  webhook(name: string): Promise<RunWebhook>;
}

export interface SecretsPort {
  /**
   * The text behind `env:NAME` or `file:/path`, without a final newline. SecretMissing. `isPublic`: a certificate,
   * say, whose file everybody may read, though not write.
   */
  resolve(reference: string, options?: { isPublic?: boolean }): Promise<string>;
}

export interface ServerProbe {
  state: ServerState;
  stateDetail?: string;
  version?: string;
  versionText?: string;
  role?: ServerRole;
  /** `0x…` */
  zxid?: string;
  connections?: number;
  outstandingRequests?: number;
  latency?: LatencyMs;
  znodeCount?: number;
  ephemeralsCount?: number;
  serverId?: number;
  monitor?: Record<string, string>;
  whitelistOpen?: boolean;
  members?: MemberFacts[];
  /** Version of the configuration `members` come from, hex with 0x, where the server says it (3.5+). */
  configVersion?: string;
  /** Sessions connected to this server (`cons`), where it answers that. */
  sessions?: { total: number; smallestTimeoutMs?: number };
}

export interface ZkStat {
  czxid: string;
  mzxid: string;
  pzxid: string;
  ctimeMs: number;
  mtimeMs: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: string;
  dataLength: number;
  numChildren: number;
}

export interface ZkAcl {
  perms: number;
  scheme: string;
  id: string;
}

/** One ZooKeeper session. Every call has the session's operation deadline; failures carry the ZooKeeper code in `details.code`. */
export interface ZkSession {
  readonly sessionId: string;
  /** Settles when the session ended for good: `expired`, `authFailed`, or `closed` by us. */
  readonly ended: Promise<'expired' | 'authFailed' | 'closed'>;
  create(
    path: string,
    data: Buffer,
    /** `acl`: in force from the first moment on; default open to all. */
    options?: { ephemeral?: boolean; sequential?: boolean; acl?: ZkAcl[] },
  ): Promise<string>;
  get(path: string): Promise<{ data: Buffer | null; stat: ZkStat }>;
  set(path: string, data: Buffer, version?: number): Promise<ZkStat>;
  exists(path: string): Promise<ZkStat | null>;
  children(path: string): Promise<string[]>;
  delete(path: string, version?: number): Promise<void>;
  sync(path: string): Promise<void>;
  getAcl(path: string): Promise<ZkAcl[]>;
  setAcl(path: string, acl: ZkAcl[], version?: number): Promise<void>;
  /**
   * Changes the members (3.5+) by increments; `fromVersion`, `0x…`, is the configuration it was decided on. Refusals
   * have `details.code` BadVersion, NewConfigNoQuorum, ReconfigInProgress, ReconfigDisabled or NoAuth.
   */
  reconfig(change: {
    /** `server.N=…` lines. */
    joining: string[];
    leaving: number[];
    fromVersion: string;
  }): Promise<void>;
  close(): Promise<void>;
}

export interface SessionOptions {
  servers: { host: string; clientPort: number }[];
  sessionTimeoutMs?: number;
  /** Most the first connection may take. ZooKeeperUnavailable afterwards. */
  connectTimeoutMs?: number;
  operationTimeoutMs?: number;
  auth?: { scheme: string; credential: string }[];
  /** What gives `auth`, for messages; default the inventory. */
  authFrom?: string;
  signal?: AbortSignal;
}

export interface ZooKeeperPort {
  /** Asks one server by four-letter words. Never rejects for a server that is down: that is its `state`. */
  probe(
    address: { host: string; clientPort: number },
    options?: { timeoutMs?: number; detailed?: boolean; signal?: AbortSignal },
  ): Promise<ServerProbe>;
  openSession(options: SessionOptions): Promise<ZkSession>;
  /** Sessions connected to this one server, by `cons`; none where it does not answer that. */
  clients(
    address: { host: string; clientPort: number },
    options?: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<ConnectedClient[]>;
}

export interface ConnectedClient {
  /** `0x…` */
  session: string;
  /** `ip:port` */
  address: string;
}

export interface TreeAddress {
  host: string;
  clientPort: number;
  /** Where it takes learners while it leads, as far as its configuration is known. */
  quorumHost?: string;
  quorumPort?: number;
}

export interface TreePort {
  /**
   * Reads the whole tree once, through the quorum port of whichever member leads, and keeps none of it. Takes
   * about 5 s where that port is out of reach, and never longer than `deadlineMs`. Rejects only when the
   * context's signal aborts: any other failure is the `unknown` of the result.
   */
  look(
    ensemble: Pick<ResolvedEnsemble, 'name' | 'quorum'>,
    members: readonly TreeAddress[],
    options: { deadlineMs: number },
    context: OperationContext,
  ): Promise<TreeLook>;
}

export interface ConfigurationFiles {
  zooCfg: { path: string; text: string; sha256: string };
  /** java.env or zookeeper-env.sh, whichever the service reads; absent if there is none. */
  javaEnv?: { path: string; text: string; sha256: string };
}

export interface DataBackup {
  directory: string;
  files: number;
  bytes: number;
  /** As was given when this very copy was begun, perhaps by an earlier attempt. */
  holds?: string;
}

/** Everything of a server that is its own and not its package's. Texts are at most 1 MiB each. */
export interface ServerFiles {
  zooCfg: string;
  /** In the configuration directory itself. */
  dynamicCfg?: { path: string; text: string };
  javaEnv?: { name: 'java.env' | 'zookeeper-env.sh'; text: string };
  /** 0–255 */
  myid: number;
  /** As `zooCfg` says it, and as the inventory does where that names one. */
  dataDir: string;
  dataLogDir?: string;
  /** For a service of kind `script`: put at `service.path` if nothing is there. */
  script?: string;
}

export interface Provisioned {
  changed: boolean;
  /** Directories made. */
  created: string[];
  /** Files written, and the unit where it was enabled. */
  written: string[];
  /** Files of data that were there already; whether they may stay is for the caller to say. */
  snapshots: number;
  logs: number;
}

/**
 * - `open`: a connection was made
 * - `refused`: the host answered, nothing listens on the port
 * - `silent`: no answer within 3 s, or no way there; `detail` says which
 */
export interface Reach {
  host: string;
  port: number;
  state: 'open' | 'refused' | 'silent';
  detail?: string;
}

/**
 * How much of a host is looked at while its server may be down: `process` only whether it runs, `files` also
 * configuration, data and packages, `full` (the default) also the JVM, which takes starting one.
 */
export type HostDepth = 'process' | 'files' | 'full';

/** What can be done on a server's host. Methods that change anything take a token and are idempotent. */
export interface HostPort extends HostDataPort, ClientFencePort {
  /** Reads only. Never rejects for an unreachable host: `reachable: false` with the error. */
  observe(
    server: ResolvedServer,
    context: OperationContext,
    options?: { depth?: HostDepth },
  ): Promise<HostFacts>;
  /** Reads only: the archive or package of `version` can be had and its checksum is right. ArtifactMissing, ChecksumMismatch. */
  checkPackage(
    server: ResolvedServer,
    version: string,
    context: OperationContext,
  ): Promise<{ bytes: number }>;
  stagePackage(
    server: ResolvedServer,
    version: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ alreadyStaged: boolean }>;
  /** Makes `version` the installed one; the service must be stopped. */
  installPackage(
    server: ResolvedServer,
    version: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ previous?: string; installed: string }>;
  /** Masks, then stops gracefully; waits until the process is gone. */
  stopServer(
    server: ResolvedServer,
    token: FenceToken,
    context: OperationContext,
    timeoutMs: number,
  ): Promise<{ alreadyStopped: boolean }>;
  /** Unmasks and starts; returns when the process runs, not when it serves. */
  startServer(
    server: ResolvedServer,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ alreadyRunning: boolean; pid?: number }>;
  readConfiguration(server: ResolvedServer, context: OperationContext): Promise<ConfigurationFiles>;
  /** Replaces one file atomically, owner and mode kept. Refuses if the file's hash is neither `expectedSha256` nor the new one's. */
  writeConfigurationFile(
    server: ResolvedServer,
    path: string,
    text: string,
    expectedSha256: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<void>;
  /** Copies the configuration directory to the state directory under `label`; an existing copy is kept as it is. */
  saveConfiguration(
    server: ResolvedServer,
    label: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ directory: string; files: number }>;
  /** Puts the copy back: same bytes, owner and mode; files that came since are removed. Without a copy of that label nothing was changed: `restored: false`. */
  restoreConfiguration(
    server: ResolvedServer,
    label: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ restored: boolean }>;
  /**
   * Copies snapshots and logs of a running server to `<backup>/<label>`, directory mode 0700; one that is there stays. `holds`: the
   * zxid that the server was seen to hold before. NoDiskSpace.
   */
  backupData(
    server: ResolvedServer,
    label: string,
    token: FenceToken,
    context: OperationContext,
    holds?: string,
  ): Promise<DataBackup>;
  /** Starts a scratch standalone server of the installed version, on the host's loopback, on a copy of the backup; says what it holds; removes it. BackupInvalid. */
  verifyDataBackup(
    server: ResolvedServer,
    directory: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ zxid: string; nodes: number }>;
  /** Runs a hook of the inventory with `{server}`, `{version}`, `{config}` replaced by quoted values. */
  runHook(
    server: ResolvedServer,
    command: string,
    values: Record<string, string>,
    token: FenceToken,
    context: OperationContext,
    timeoutMs: number,
  ): Promise<{ output: string }>;
  /**
   * Puts a new server's directories, files and service script on its host; the package is installPackage's. Before
   * anything is touched it is refused where something else is there: HostOccupied (a running server, another
   * one's configuration or myid), NoDiskSpace, Unsupported (no unit, no script), RemoteCommandFailed (no right to write).
   */
  provisionServer(
    server: ResolvedServer,
    files: ServerFiles,
    token: FenceToken,
    context: OperationContext,
  ): Promise<Provisioned>;
  /** Reads only: the text of the service script; nothing where the kind is another or no script is there. */
  readService(server: ResolvedServer, context: OperationContext): Promise<{ script?: string }>;
  /**
   * Removes data, myid and configuration of a stopped and masked server (GuardRefused otherwise), which stays masked;
   * a copy of the configuration, never of the data, is kept in the state directory as
   * `removed-<generation>-<sequence>`. `removed`: files of the configuration, and the folders of data.
   */
  wipeServer(
    server: ResolvedServer,
    options: { keepPackage: true },
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ removedBytes: number; removed: string[] }>;
  /** Reads only: tries a TCP connection from this host to each of at most 64 addresses, in their order. */
  reach(
    server: ResolvedServer,
    targets: readonly { host: string; port: number }[],
    context: OperationContext,
  ): Promise<Reach[]>;
}
