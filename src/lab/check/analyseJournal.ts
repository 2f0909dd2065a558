/**
 * What a load's journal says by itself: counts, write gaps, reads that went backwards, sessions lost, locks that two held,
 * sequence numbers given twice.
 * Pure; takes the records in any order in which each client's own records are in order.
 */
import { holdersAtOnce, numbersGivenTwice, type LockOverlap, type NumberTwice } from './exclusive';
import type {
  JournalRecord,
  OwnStallRecord,
  ReadRecord,
  WriteRecord,
} from '../load/journalRecords';

/** A stretch without any acknowledgement, over all writers. */
export interface WriteGap {
  startedAtMs: number;
  gapMs: number;
  /** How much of it the load's own process did not run: that part is not the ensemble's. */
  ownStallMs: number;
}

/** A register's value and mzxid (`0x…`). */
export interface Sighting {
  value: number;
  zxid: string;
}

/** One session saw `earlier`, or its register's writer was acknowledged it, and then read something older. */
export interface BackwardsRead {
  client: string;
  sessionId: string;
  path: string;
  earlier: Sighting;
  later: Sighting;
  atMs: number;
}

export interface LostSession {
  client: string;
  sessionId: string;
  atMs: number;
}

export interface JournalAnalysis {
  ackedWrites: number;
  unknownWrites: number;
  failedWrites: number;
  reads: number;
  writeGaps: WriteGap[];
  readsBackwards: BackwardsRead[];
  sessionsLost: LostSession[];
  lockOverlaps: LockOverlap[];
  numbersTwice: NumberTwice[];
  /** Time from sending a write to its acknowledgement, ms; 0 where nothing was acknowledged. */
  ackLatency: { p50: number; p99: number };
  /** The load ended in order: nothing it did is missing from the journal. */
  complete: boolean;
}

export interface AnalyseOptions {
  /** Shortest stretch that counts as a gap, ms. Default 100. */
  gapThresholdMs?: number;
}

export const GAP_THRESHOLD_MS = 100;

export function analyseJournal(
  records: readonly JournalRecord[],
  { gapThresholdMs = GAP_THRESHOLD_MS }: AnalyseOptions = {},
): JournalAnalysis {
  const outcomes = { acked: 0, unknown: 0, failed: 0 };
  const ackTimes: number[] = [];
  const latencies: number[] = [];
  const stalls: OwnStallRecord[] = [];
  const sessionsLost: LostSession[] = [];
  const order = new ViewOrder();
  let reads = 0;
  let stoppedAt: number | undefined;
  let lastAt = -Infinity;
  let complete = false;
  for (const record of records) {
    if (record.t === 'w') {
      outcomes[record.o]++;
      lastAt = Math.max(lastAt, record.e);
      if (record.o !== 'acked') continue;
      order.acknowledged(record);
      ackTimes.push(record.e);
      latencies.push(record.e - record.s);
    } else if (record.t === 'r') {
      reads++;
      lastAt = Math.max(lastAt, record.e);
      order.see(record);
    } else {
      lastAt = Math.max(lastAt, record.at);
      if (record.t === 'ownStall') stalls.push(record);
      if (record.t === 'stopping') stoppedAt = record.at;
      if (record.t === 'end') complete = true;
      if (record.t === 'session' && record.what === 'lost') {
        sessionsLost.push({ client: record.c, sessionId: record.sid, atMs: record.at });
      }
    }
  }
  const sorted = Float64Array.from(latencies).sort();
  return {
    ackedWrites: outcomes.acked,
    unknownWrites: outcomes.unknown,
    failedWrites: outcomes.failed,
    reads,
    writeGaps: gapsBetween(ackTimes, stoppedAt ?? lastAt, gapThresholdMs, stalls),
    readsBackwards: order.backwards,
    sessionsLost,
    lockOverlaps: holdersAtOnce(records),
    numbersTwice: numbersGivenTwice(records),
    ackLatency: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) },
    complete,
  };
}

/** Remembers the newest state of each register that each session saw, and that its writer knows of. */
class ViewOrder {
  readonly backwards: BackwardsRead[] = [];
  private readonly newest = new Map<string, Sighting>();

  see(read: ReadRecord): void {
    const later = { value: read.v, zxid: read.z };
    const keys = [`${read.view} ${read.p}`, ...(read.own ? [`own ${read.p}`] : [])];
    const earlier = keys.map((key) => this.note(key, later)).find((found) => found !== undefined);
    if (earlier === undefined) return;
    this.backwards.push({
      client: read.c,
      sessionId: read.view.split('/')[0]!,
      path: read.p,
      earlier,
      later,
      atMs: read.e,
    });
  }

  acknowledged(write: WriteRecord): void {
    if (write.k === 'set') this.note(`own ${write.p}`, { value: write.v, zxid: write.z ?? '0x0' });
  }

  /** The newer state known before, if there is one. */
  private note(key: string, sighting: Sighting): Sighting | undefined {
    const before = this.newest.get(key);
    if (before !== undefined && isOlder(sighting, before)) return before;
    this.newest.set(key, sighting);
    return undefined;
  }
}

/** Data that is not a value at all (NaN) counts as older than anything. */
function isOlder(found: Sighting, before: Sighting): boolean {
  return !(found.value >= before.value) || BigInt(found.zxid) < BigInt(before.zxid);
}

function gapsBetween(
  ackTimes: number[],
  stoppedAt: number,
  thresholdMs: number,
  stalls: OwnStallRecord[],
): WriteGap[] {
  if (ackTimes.length === 0) return [];
  const times = Float64Array.from(ackTimes).sort();
  const gaps: WriteGap[] = [];
  const look = (from: number, to: number) => {
    if (to - from < thresholdMs) return;
    gaps.push({
      startedAtMs: from,
      gapMs: round(to - from),
      ownStallMs: round(overlap(from, to, stalls)),
    });
  };
  for (let i = 1; i < times.length; i++) look(times[i - 1]!, times[i]!);
  look(times[times.length - 1]!, stoppedAt);
  return gaps;
}

function overlap(from: number, to: number, stalls: OwnStallRecord[]): number {
  return stalls.reduce(
    (sum, { at, ms }) => sum + Math.max(0, Math.min(to, at + ms) - Math.max(from, at)),
    0,
  );
}

/** Nearest-rank quantile of ascending values. */
function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return 0;
  return round(sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!);
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
