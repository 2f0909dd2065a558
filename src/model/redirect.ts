/** Leading clients from one set of servers to another, and back: what activities and adapters tell each other. */
import type { Client } from './client';
import type { FenceToken, OperationContext } from './ports';

/** What clients are connected to. */
export interface ClientSide {
  servers: { host: string; clientPort: number }[];
  /** Below which this side's tree stands: empty, or a path without a slash at its end. Default empty. */
  chroot?: string;
}

export interface Sides {
  from: ClientSide;
  to: ClientSide;
}

export type Direction = 'redirect' | 'back';

/**
 * What a file leads to: servers of the old side, of the new, of both, or any that belongs to neither. A chroot that is
 * not below its side's is `other` too.
 */
export type FileStanding = 'old' | 'new' | 'mixed' | 'other';

/** Connection strings as they stand in a client's files, by path and key. */
export type FileConnections = Record<string, Record<string, string>>;

export interface FileLook {
  path: string;
  standing: FileStanding;
  /** As the file says it, by key. */
  connections: Record<string, string>;
}

export interface ClientLook {
  /** None where it is redirected by a command or a webhook. */
  files: FileLook[];
  /** Whether this run has begun to lead it: an old copy of a file, or a command, is on record there. */
  begun: boolean;
  /** Why it could not be redirected as it is, each a whole sentence of what, where and what next. */
  problems: { type: string; message: string }[];
}

export interface RedirectOrder extends Sides {
  /**
   * Whose lock the token comes from: tokens of two ensembles can't be compared, so that each has a place of its own on
   * the client's host.
   */
  ensemble: string;
  /** Of the run: names old copies on the client's host. */
  label: string;
  /** Workflow id, for webhooks. */
  run: string;
  /**
   * What its files said when the plan was made: a connection string that is neither this nor led already is refused,
   * whatever else has been changed in a file is let be.
   */
  planned?: FileConnections;
}

/** One client, on its own host. Everything but `look` and `health` is idempotent and takes a token. */
export interface RedirectPort {
  /** Reads only. Rejects only when the context's signal aborts; whatever else is wrong is a problem. */
  look(
    client: Client,
    order: Sides & Partial<Pick<RedirectOrder, 'ensemble' | 'label' | 'planned'>>,
    context: OperationContext,
  ): Promise<ClientLook>;
  /**
   * Files edited, then the client told; or its command run, or its webhook called.
   * @throws ZkferryError FileChanged where somebody else has changed a connection string, or changes the file this very
   * moment; Unsupported for a file that can't be edited; RemoteCommandFailed, SshUnreachable, RedirectFailed (webhook)
   */
  lead(
    client: Client,
    order: RedirectOrder,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ edited: string[]; told: boolean }>;
  /**
   * Files as they were before this run, byte for byte, with owner and mode; in one that somebody else has changed since
   * the connection strings alone; one that leads back already is left as it is. Then the client told. `begun: false`:
   * this run has not led it anywhere, and nothing was done.
   * @throws ZkferryError as `lead`; FileChanged says where the old copy is
   */
  leadBack(
    client: Client,
    order: RedirectOrder,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ begun: boolean; restored: string[]; told: boolean }>;
  /** Runs the client's health command once. */
  health(client: Client, context: OperationContext): Promise<{ healthy: boolean; output: string }>;
  /** IP addresses, in their canonical form, from which its sessions come. */
  sourcesOf(client: Client): Promise<string[]>;
}

export type ClientState = 'old' | 'new' | 'mixed' | 'other' | 'unknown';

export interface LookedAtClient {
  client: string;
  /** `unknown` where it has no files, or they can't be read. */
  state: ClientState;
  /** Of those of its files that could be read. */
  connections: FileConnections;
  findings: { severity: 'error' | 'warning'; type: string; message: string }[];
}

export interface ClientOutcome {
  client: string;
  state: 'redirected' | 'alreadyThere' | 'returned' | 'untouched' | 'failed';
  detail: string;
  /** On the side it was led to, 20 at most. */
  sessions?: string[];
  /** Of a failure. */
  error?: string;
}

export interface RedirectArgs extends Sides {
  clients: string[];
  /** Workflow id: names old copies, so that the way back finds them. */
  run: string;
  /** Name of the ensemble whose lock gave `fence`, the same on the way back. */
  ensemble: string;
  fence: Pick<FenceToken, 'generation' | 'sequence'>;
  /** Most a client may take to be seen where it was led, ms. */
  proofTimeoutMs: number;
  /** By client, as `lookAtClients` told. */
  planned?: Record<string, FileConnections>;
}

export interface Readiness {
  /** Old servers, in their order; without `sessions` one did not tell them. */
  servers: { server: string; sessions?: number; watches?: number }[];
  /** Sessions on the new servers. */
  arrived: number;
  /** Sessions on the old servers, 200 at most. */
  remaining: { server: string; session: string; address: string; clients: string[] }[];
  /** How many of those are not listed. */
  more: number;
}
