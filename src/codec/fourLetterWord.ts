/** Replies to ZooKeeper's four-letter words, 3.4–3.9: text → values. Sources: recorded replies in test/fixtures/fourLetterWord. */
import type { LatencyMs, MemberFacts, ServerRole } from '../model/facts';
import { formatVersion, parseVersion } from '../model/version';
import { configVersionOf, parseZooCfg } from './zooCfg';

export const FOUR_LETTER_WORDS = ['srvr', 'mntr', 'conf', 'envi', 'cons', 'stat', 'ruok'] as const;
export type FourLetterWord = (typeof FOUR_LETTER_WORDS)[number];

const KIB = 1024;

/** Most of a reply that is read. `cons` and `stat` list every connection (about 250 bytes each). */
export const MAX_REPLY_BYTES: Record<FourLetterWord, number> = {
  srvr: 64 * KIB,
  mntr: 1024 * KIB,
  conf: 256 * KIB,
  envi: 256 * KIB,
  cons: 16 * 1024 * KIB,
  stat: 16 * 1024 * KIB,
  ruok: KIB,
};

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
const NOT_WHITELISTED = /^(\w{4}) is not executed because it is not in the whitelist\.?\s*$/;

export type ReplyKind = 'answer' | 'notServing' | 'notWhitelisted' | 'empty';

/** Tells an answer from the sentences a server says instead of one. */
export function classifyReply(text: string): ReplyKind {
  const trimmed = text.trim();
  if (trimmed === '') return 'empty';
  if (trimmed.startsWith(NOT_SERVING)) return 'notServing';
  if (NOT_WHITELISTED.test(trimmed)) return 'notWhitelisted';
  return 'answer';
}

export interface SrvrReply {
  /** All that follows "Zookeeper version:". */
  versionText?: string;
  /** `major.minor.patch` */
  version?: string;
  latency?: LatencyMs;
  receivedPackets?: number;
  sentPackets?: number;
  connections?: number;
  outstandingRequests?: number;
  /** `0x…`, lower case. */
  zxid?: string;
  /** Absent in read-only mode or where the server says something unknown. */
  role?: ServerRole;
  /** The word after "Mode:". */
  mode?: string;
  znodeCount?: number;
}

const ROLES: readonly string[] = ['leader', 'follower', 'observer', 'standalone'];

function fieldsOf(text: string, separator: RegExp): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = separator.exec(line);
    if (!match) continue;
    const key = line.slice(0, match.index).trim();
    if (key !== '' && !fields.has(key)) {
      fields.set(key, line.slice(match.index + match[0].length).trim());
    }
  }
  return fields;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `0X00A` → `0xa`; undefined for anything that is no 64-bit hex number. */
export function normaliseZxid(text: string | undefined): string | undefined {
  const digits = /^0x([0-9a-f]{1,16})$/i.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : `0x${digits.toLowerCase().replace(/^0+(?=.)/, '')}`;
}

function latencyOf(text: string | undefined): LatencyMs | undefined {
  const parts = (text ?? '').split('/').map(Number);
  const [minMs, avgMs, maxMs] = parts;
  if (parts.length !== 3 || parts.some((part) => !Number.isFinite(part))) return undefined;
  return { minMs: minMs!, avgMs: avgMs!, maxMs: maxMs! };
}

/** Reads `srvr`, and `stat` as well, whose extra lines are passed over. Fields the server did not say are absent. */
export function parseSrvr(text: string): SrvrReply {
  const fields = fieldsOf(text, /:/);
  const versionText = fields.get('Zookeeper version');
  const version = versionText === undefined ? undefined : parseVersion(versionText);
  const mode = fields.get('Mode')?.toLowerCase();
  return withoutAbsent({
    versionText,
    version: version && formatVersion(version),
    latency: latencyOf(fields.get('Latency min/avg/max')),
    receivedPackets: count(fields.get('Received')),
    sentPackets: count(fields.get('Sent')),
    connections: count(fields.get('Connections')),
    outstandingRequests: count(fields.get('Outstanding')),
    zxid: normaliseZxid(fields.get('Zxid')),
    role: mode !== undefined && ROLES.includes(mode) ? (mode as ServerRole) : undefined,
    mode,
    znodeCount: count(fields.get('Node count')),
  });
}

function withoutAbsent<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** `mntr`: one name, a tab, one value a line. */
export function parseMntr(text: string): Record<string, string> {
  return Object.fromEntries(fieldsOf(text, /\t/));
}

/**
 * What is kept of `mntr` in facts: figures an operator or the guard reads. Since 3.6 the whole reply has
 * hundreds of histogram lines, some of them named after the users' znodes.
 */
const MONITOR_KEYS = new Set(
  `version server_state peer_state avg_latency min_latency max_latency packets_received packets_sent
  num_alive_connections outstanding_requests znode_count watch_count ephemerals_count
  approximate_data_size open_file_descriptor_count max_file_descriptor_count followers
  synced_followers learners synced_observers synced_non_voting_followers pending_syncs quorum_size
  global_sessions local_sessions uptime leader_uptime last_proposal_size max_proposal_size
  fsync_threshold_exceed_count digest_mismatches_count looking_count unrecoverable_error_count`
    .split(/\s+/)
    .map((name) => `zk_${name}`),
);

/** The part of `mntr` that facts carry, names as the server gives them. */
export function monitorOf(mntr: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(mntr).filter(([key]) => MONITOR_KEYS.has(key)));
}

export interface ConfReply {
  settings: Record<string, string>;
  serverId?: number;
  /** Empty below 3.5, which doesn't say. */
  members: MemberFacts[];
  /** `0x…`, 3.5+. */
  configVersion?: string;
}

/** `conf`; the membership that 3.5+ appends has the form of a dynamic configuration file. */
export function parseConf(text: string): ConfReply {
  const { settings, servers } = parseZooCfg(text.replace(/^membership:.*$/m, ''));
  return withoutAbsent({
    settings,
    serverId: count(settings['serverId']),
    members: servers,
    configVersion: configVersionOf(settings),
  });
}

/** `envi`: `name=value` lines after a heading. */
export function parseEnvi(text: string): Record<string, string> {
  return Object.fromEntries(fieldsOf(text, /=/));
}

export interface ConnectionInfo {
  /** `ip:port` of the client. */
  address: string;
  /** Absent for connections that asked a four-letter word. */
  sessionId?: string;
  timeoutMs?: number;
}

/** `cons`, one connection a line; `stat`'s client lines have the same form without session. */
export function parseCons(text: string): ConnectionInfo[] {
  const connections: ConnectionInfo[] = [];
  for (const match of text.matchAll(/^ ?\/(\S+?)\[\d+\]\(([^)\n]*)\)/gm)) {
    const details = new Map(
      match[2]!.split(',').map((pair) => pair.split('=', 2) as [string, string]),
    );
    connections.push(
      withoutAbsent({
        address: match[1]!,
        sessionId: normaliseZxid(details.get('sid')),
        timeoutMs: count(details.get('to')),
      }),
    );
  }
  return connections;
}

/** Sessions among the connections, and the smallest timeout any of them negotiated. */
export function sessionsOf(connections: ConnectionInfo[]): {
  total: number;
  smallestTimeoutMs?: number;
} {
  const sessions = connections.filter((connection) => connection.sessionId !== undefined);
  const timeouts = sessions.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : timeoutMs));
  const smallestTimeoutMs = timeouts.reduce((a, b) => Math.min(a, b), Infinity);
  return {
    total: sessions.length,
    ...(Number.isFinite(smallestTimeoutMs) && { smallestTimeoutMs }),
  };
}

/** Whether the reply to `ruok` is the usual one. Says only that the process lives: a server without quorum says it too. */
export const isImok = (text: string): boolean => text.trim() === 'imok';
