/**
 * Compares what a load was told with what each member of the ensemble holds. Pure.
 *
 * 1. An acknowledged append is lost where a member does not hold it under the very name acknowledged.
 * 2. An acknowledged register write is lost where a member holds a lower value.
 * 3. A register value or an append nobody attempted is corruption, and so is an append that exists
 *    twice though it was sent once, or exists though the ensemble said it failed.
 * 4. A write whose fate is unknown may be there or not, but the members must agree.
 * 5. An ephemeral is lost where the final look found it gone or with another owner.
 */
import type { EphemeralRecord, JournalRecord, WriteRecord } from '../load/journalRecords';

/** What one member holds below the load's root, read after a sync. */
export interface MemberTree {
  /** Register path → value (NaN: not a number) and mzxid `0x…`. */
  registers: ReadonlyMap<string, { value: number; zxid: string }>;
  /** Full paths of all appends. */
  appends: ReadonlySet<string>;
}

/** By `host:port`. */
export type TreesByServer = Readonly<Record<string, MemberTree>>;

export interface LostWrite {
  kind: 'set' | 'append';
  path: string;
  /** The acknowledged value, or the number of the append. */
  value: number;
  zxid?: string;
  /** Members that do not hold it. */
  missingOn: string[];
}

export interface PhantomWrite {
  path: string;
  server: string;
  why: 'neverAttempted' | 'duplicate' | 'failedButThere' | 'unreadable';
}

export interface LostEphemeral {
  path: string;
  owner: string;
  /** Session that owns it now; null where it is gone, `unknown` where the final look never happened. */
  found: string | null;
}

export interface MemberDifference {
  path: string;
  /** What each member holds; `absent` where it holds nothing. */
  held: Record<string, string>;
}

export interface TreeComparison {
  lostWrites: LostWrite[];
  phantomWrites: PhantomWrite[];
  ephemeralsLost: LostEphemeral[];
  membersDiffer: MemberDifference[];
}

interface Expected {
  registers: Map<string, { acked: WriteRecord | undefined; attempted: number }>;
  /** Acknowledged full path → its record. */
  appends: Map<string, WriteRecord>;
  /** Path without sequence number → what became of it. */
  attempts: Map<string, WriteRecord['o']>;
  ephemerals: Map<string, { held: EphemeralRecord; seen?: EphemeralRecord }>;
  complete: boolean;
}

export function compareWithTree(
  records: Iterable<JournalRecord>,
  trees: TreesByServer,
): TreeComparison {
  const expected = expectationOf(records);
  return {
    lostWrites: [...lostAppends(expected, trees), ...lostRegisters(expected, trees)],
    phantomWrites: Object.entries(trees).flatMap(([server, tree]) => [
      ...phantomRegisters(expected, server, tree),
      ...phantomAppends(expected, server, tree),
    ]),
    ephemeralsLost: lostEphemerals(expected),
    membersDiffer: differences(trees),
  };
}

function expectationOf(records: Iterable<JournalRecord>): Expected {
  const expected: Expected = {
    registers: new Map(),
    appends: new Map(),
    attempts: new Map(),
    ephemerals: new Map(),
    complete: false,
  };
  for (const record of records) {
    if (record.t === 'end') expected.complete = true;
    if (record.t === 'ephemeral') expectEphemeral(expected, record);
    if (record.t !== 'w') continue;
    if (record.k === 'set') {
      const before = expected.registers.get(record.p);
      const acked = record.o === 'acked' && !(before?.acked && before.acked.v > record.v);
      expected.registers.set(record.p, {
        acked: acked ? record : before?.acked,
        attempted: Math.max(record.v, before?.attempted ?? 0),
      });
    } else {
      expected.attempts.set(record.p, record.o);
      if (record.o === 'acked') expected.appends.set(record.n ?? record.p, record);
    }
  }
  return expected;
}

function expectEphemeral(expected: Expected, record: EphemeralRecord): void {
  const known = expected.ephemerals.get(record.p);
  if (record.what === 'held') expected.ephemerals.set(record.p, { held: record });
  else if (known) known.seen = record;
}

function lostAppends({ appends }: Expected, trees: TreesByServer): LostWrite[] {
  return [...appends].flatMap(([path, { v }]) => {
    const missingOn = serversWhere(trees, (tree) => !tree.appends.has(path));
    return missingOn.length === 0 ? [] : [{ kind: 'append' as const, path, value: v, missingOn }];
  });
}

function lostRegisters({ registers }: Expected, trees: TreesByServer): LostWrite[] {
  return [...registers].flatMap(([path, { acked }]) => {
    if (acked === undefined) return [];
    const missingOn = serversWhere(trees, (tree) => {
      const held = tree.registers.get(path);
      return held === undefined || held.value < acked.v;
    });
    if (missingOn.length === 0) return [];
    return [{ kind: 'set' as const, path, value: acked.v, zxid: acked.z, missingOn }];
  });
}

function serversWhere(trees: TreesByServer, test: (tree: MemberTree) => boolean): string[] {
  return Object.entries(trees).flatMap(([server, tree]) => (test(tree) ? [server] : []));
}

/** A journal cut short says nothing about what its load did last, so newer values are then no news. */
function phantomRegisters(expected: Expected, server: string, tree: MemberTree): PhantomWrite[] {
  return [...tree.registers].flatMap(([path, { value }]): PhantomWrite[] => {
    if (Number.isNaN(value)) return [{ path, server, why: 'unreadable' }];
    const attempted = expected.registers.get(path)?.attempted ?? 0;
    if (value <= attempted || !expected.complete) return [];
    return [{ path, server, why: 'neverAttempted' }];
  });
}

function phantomAppends(expected: Expected, server: string, tree: MemberTree): PhantomWrite[] {
  const found = new Set<string>();
  return [...tree.appends].flatMap((path): PhantomWrite[] => {
    const attempt = withoutSequence(path);
    const outcome = expected.attempts.get(attempt);
    if (found.has(attempt) || (outcome === 'acked' && !expected.appends.has(path))) {
      return [{ path, server, why: 'duplicate' }];
    }
    found.add(attempt);
    if (outcome === 'failed') return [{ path, server, why: 'failedButThere' }];
    if (outcome === undefined && expected.complete) {
      return [{ path, server, why: 'neverAttempted' }];
    }
    return [];
  });
}

/** Drops the ten digits the server added. */
function withoutSequence(path: string): string {
  return path.replace(/\d{10}$/, '');
}

function lostEphemerals({ ephemerals }: Expected): LostEphemeral[] {
  return [...ephemerals.values()].flatMap(({ held, seen }) => {
    const owner = held.owner ?? '';
    if (seen?.what === 'seen' && seen.owner === owner) return [];
    const found = seen?.what === 'seen' ? seen.owner : 'unknown';
    return [{ path: held.p, owner, found }];
  });
}

function differences(trees: TreesByServer): MemberDifference[] {
  const members = Object.entries(trees);
  const heldBy = (pick: (tree: MemberTree) => string) =>
    Object.fromEntries(members.map(([server, tree]) => [server, pick(tree)]));
  const paths = (pick: (tree: MemberTree) => Iterable<string>) =>
    new Set(members.flatMap(([, tree]) => [...pick(tree)]));
  const registers = [...paths((tree) => tree.registers.keys())].map((path) => ({
    path,
    held: heldBy((tree) => {
      const held = tree.registers.get(path);
      return held ? `${held.value} at ${held.zxid}` : 'absent';
    }),
  }));
  const appends = [...paths((tree) => tree.appends)].map((path) => ({
    path,
    held: heldBy((tree) => (tree.appends.has(path) ? 'present' : 'absent')),
  }));
  return [...registers, ...appends].filter(({ held }) => new Set(Object.values(held)).size > 1);
}
