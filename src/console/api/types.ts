/** The documents of the HTTP API that are not in the model already. */
import type { Role } from '../../model/approval';
import type { WorkflowType } from '../../model/contract';
import type { Finding, ServerRole, ServerState } from '../../model/facts';
import type { Grant } from '../../model/identity';
import type { BaseManifest, DrillDocument, Hole } from '../../model/repository';
import type { OpenGate, StatusDocument } from '../../model/status';

export type { Role };

export interface Me {
  actor: string;
  csrf?: string;
  expiresAt?: string;
  approvals: 'open' | 'signed';
  version: string;
  grants: Grant[];
}

export interface Session {
  actor: string;
  csrf: string;
  expiresAt: string;
}

/** By which one can log in, instead of by a token. */
export interface LoginProvider {
  name: string;
}

export interface FieldProblem {
  path: string | (string | number)[];
  message: string;
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  errors?: FieldProblem[];
}

/** As much of JSON Schema as zod writes. */
export interface JsonSchema {
  type?: 'object' | 'string' | 'integer' | 'number' | 'boolean' | 'array';
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: (string | number)[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  format?: string;
  pattern?: string;
}

export interface Strategy {
  name: string;
  workflowType: WorkflowType;
  hasPlan: boolean;
  schema: JsonSchema;
  example: unknown;
}

export interface EnsembleItem {
  name: string;
  site?: string;
  servers: { name: string; host: string; clientPort: number; role: string; spare: boolean }[];
  repository?: string;
}

export interface ServerHealth {
  server: string;
  state: ServerState;
  role?: ServerRole;
  version?: string;
  zxid?: string;
  latencyMs?: number;
  connections?: number;
  outstanding?: number;
  detail?: string;
}

export interface Health {
  at: string;
  leader?: string;
  quorum: boolean;
  servers: ServerHealth[];
}

export interface NodeStat {
  czxid: string;
  mzxid: string;
  pzxid: string;
  ctime: string;
  mtime: string;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner?: string;
  dataLength: number;
  numChildren: number;
}

export interface ZNode {
  path: string;
  stat: NodeStat;
  acl: { perms: string; scheme: string; id: string }[];
  /** base64, the first 64 KiB; absent for viewers, and where there is none. */
  data?: string;
  truncated: boolean;
}

export interface ChildrenPage {
  path: string;
  total: number;
  items: { name: string }[];
  nextCursor?: string;
}

export interface RunSummary {
  workflowId: string;
  runId: string;
  strategy: string;
  status: string;
  outcome?: string;
  state?: StatusDocument['state'];
  ensemble?: string;
  phase?: string;
  startedAt: string;
  closedAt?: string;
}

export type RunStatus = StatusDocument;
export type ShownGate = OpenGate;

export interface RunDetail {
  run: RunSummary;
  status?: RunStatus;
  statusError?: string;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** Every moment in it can be restored; times in ms since 1970. */
export interface RestorableRange {
  timeline: number;
  /** Key of the base it begins with. */
  base: string;
  from: string;
  to: string;
  fromMs: number;
  toMs: number;
}

/** A history of its own: another one begins where the one before could not go on. */
export interface BackupTimeline {
  number: number;
  restorable: RestorableRange[];
  bases: (BaseManifest & { key: string })[];
  holes: Hole[];
}

/** What a repository holds of one ensemble. */
export interface EnsembleBackups {
  ensemble: string;
  timelines: BackupTimeline[];
  lastDrill?: DrillDocument;
}

export interface Backups {
  place: string;
  items: EnsembleBackups[];
}

export interface PathChange {
  zxid: string;
  time: string;
  session: string;
  change: 'created' | 'set' | 'deleted' | 'acl' | 'childCreated' | 'childDeleted';
  version?: number;
  dataBytes?: number;
  ephemeral?: boolean;
  child?: string;
}

export interface PathHistory {
  path: string;
  /** The log that was read begins after it, and ends with `to`. */
  from: string;
  to: string;
  /** Of all changes; `changes` has the newest of them, in the order they happened. */
  total: number;
  changes: PathChange[];
  gaps: string[];
}

export interface DiffPlace {
  ensemble: string;
  path: string;
}

export interface Difference {
  path: string;
  kind: string;
  /** Of `different`: which of its fields. */
  fields?: string[];
  source?: Record<string, string>;
  target?: Record<string, string>;
}

export interface Diff {
  id: string;
  state: 'running' | 'done' | 'failed';
  progress: { done: number };
  equal?: boolean;
  /** Of all; `differences` has the first thousand. */
  count?: number;
  differences: Difference[];
  truncated?: boolean;
  error?: string;
}

export interface AuditItem {
  seq: number;
  at: string;
  actor: string;
  action: string;
  target: string;
  planHash?: string;
  /** Each request is written down before and after it. */
  outcome: 'asked' | 'done' | 'refused' | 'failed' | 'unknown';
  detail?: string;
  request: string;
}

export type { Finding };
