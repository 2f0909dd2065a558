/** The documents of the HTTP API that are not in the model already. */
import type { WorkflowType } from '../../model/contract';
import type { Finding, ServerRole, ServerState } from '../../model/facts';
import type { OpenGate, StatusDocument } from '../../model/status';

export type Role = 'viewer' | 'operator' | 'approver' | 'admin';

export interface Me {
  actor: string;
  csrf?: string;
  expiresAt?: string;
  approvals: 'open' | 'signed';
  version: string;
  grants: { role: Role; ensembles: string[] }[];
}

export interface Session {
  actor: string;
  csrf: string;
  expiresAt: string;
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
  /** base64, the first 64 KiB. */
  data: string;
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

export interface GateApproval {
  by: string;
  at: string;
  comment?: string;
}

/** With who has approved so far, where more than one has to. */
export type ShownGate = OpenGate & { approvals?: GateApproval[]; needed?: number };

export type RunStatus = Omit<StatusDocument, 'gate'> & { gate?: ShownGate };

export interface RunDetail {
  run: RunSummary;
  status?: RunStatus;
  statusError?: string | { message: string };
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

export interface Drill {
  at: string;
  ok: boolean;
  detail?: string;
}

export interface Backups {
  bases: {
    id: string;
    at: string;
    zxid: string;
    bytes: number;
    source?: string;
    lastDrill?: Drill;
  }[];
  covered: { fromZxid: string; toZxid: string; fromTime?: string; toTime?: string }[];
  holes: { fromZxid: string; toZxid: string }[];
  lastDrill?: Drill;
}

export interface HistoryItem {
  zxid: string;
  at: string;
  operation: string;
  data?: string;
}

export interface DiffPlace {
  ensemble: string;
  path: string;
}

export interface Difference {
  path: string;
  kind: string;
  source?: unknown;
  target?: unknown;
}

export interface Diff {
  id: string;
  state: 'running' | 'done' | 'failed';
  progress?: { done: number; total?: number };
  equal?: boolean;
  differences?: Difference[];
  truncated?: boolean;
  error?: string | { message: string };
}

export interface AuditItem {
  at: string;
  actor: string;
  action: string;
  target: string;
  planHash?: string;
  outcome: string;
  detail?: string;
}

export type { Finding };
