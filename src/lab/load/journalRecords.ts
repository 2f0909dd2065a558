/**
 * The journal of a load (`acks.jsonl`): one JSON object a line, appended in the order things became
 * known. Times are wall-clock milliseconds with a fraction; zxids and session ids are `0x…`.
 * Keys are one letter where a line is written hundreds of times a second.
 */

/**
 * `acked`: the ensemble said yes. `unknown`: the connection or the deadline ended first, so it may or
 * may not have been applied. `failed`: certainly not applied.
 */
export type Outcome = 'acked' | 'unknown' | 'failed';

/** First line: what ran. */
export interface LoadStarted {
  t: 'load';
  at: number;
  /** Every path of this load lies under it; unique to the load. */
  root: string;
  connectString: string;
  sessionTimeoutMs: number;
}

/** One write: `set` of a register to value `v`, or the `v`-th `append` of its client. */
export interface WriteRecord {
  t: 'w';
  k: 'set' | 'append';
  /** Client name. */
  c: string;
  /** Register path, or the append's path without the sequence number the server adds. */
  p: string;
  v: number;
  /** Start and end, ms. */
  s: number;
  e: number;
  o: Outcome;
  /** zxid, where the reply carries it (`set` only). */
  z?: string;
  /** Path the server gave an acknowledged append. */
  n?: string;
  /** Why it is not acked: a ZooKeeper code, or `deadline`. */
  why?: string;
}

/** One successful register read. */
export interface ReadRecord {
  t: 'r';
  c: string;
  /** Session id and, after a slash, its connection's number: within one view reads never go back. */
  view: string;
  /** Read after a sync by the register's only writer: not older than what was acknowledged to it. */
  own?: true;
  p: string;
  v: number;
  z: string;
  s: number;
  e: number;
}

export interface SessionRecord {
  t: 'session';
  c: string;
  sid: string;
  what: 'opened' | 'reconnected' | 'lost' | 'closed';
  at: number;
  /** Granted by the server, ms. */
  timeoutMs?: number;
}

/** `held`: created by its holder; `seen`: what a synced read found at the end (`owner` null: gone). */
export interface EphemeralRecord {
  t: 'ephemeral';
  c: string;
  p: string;
  what: 'held' | 'seen' | 'unreadable';
  owner: string | null;
  at: number;
}

/** `believed`: from here on its client is connected and was told that it holds the lock; `let`: no more. */
export interface LockRecord {
  t: 'lock';
  c: string;
  p: string;
  sid: string;
  what: 'believed' | 'let';
  at: number;
}

/** The load's own process did not run for `ms`: a write gap inside it is not the ensemble's. */
export interface OwnStallRecord {
  t: 'ownStall';
  at: number;
  ms: number;
}

/** `stopping`: the writers were told to end; `end`: the journal is complete. */
export interface MarkRecord {
  t: 'stopping' | 'end';
  at: number;
}

export type JournalRecord =
  | LoadStarted
  | WriteRecord
  | ReadRecord
  | SessionRecord
  | EphemeralRecord
  | LockRecord
  | OwnStallRecord
  | MarkRecord;

/** Wall-clock ms with a fraction that never runs backwards within this process. */
export function nowMs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 100) / 100;
}
