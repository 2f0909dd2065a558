/** What only one may have at a time, or ever: a lock, a sequence number. Pure. */
import type { JournalRecord } from '../load/journalRecords';

/** Two clients, both connected, believed at once that they hold a lock. */
export interface LockOverlap {
  path: string;
  one: string;
  other: string;
  /** Since when, and for how long, ms. */
  atMs: number;
  ms: number;
}

export interface NumberTwice {
  parent: string;
  number: string;
  paths: [string, string];
}

interface Belief {
  client: string;
  path: string;
  from: number;
  to: number;
}

/** Of beliefs in the order of their beginnings. One that was never ended lasts for ever. */
export function holdersAtOnce(records: Iterable<JournalRecord>): LockOverlap[] {
  const beliefs = beliefsIn(records);
  const overlaps: LockOverlap[] = [];
  const newest = new Map<string, Belief>();
  for (const belief of beliefs) {
    const before = newest.get(belief.path);
    if (before && before.client !== belief.client && before.to > belief.from)
      overlaps.push({
        path: belief.path,
        ...{ one: before.client, other: belief.client, atMs: belief.from },
        ms: Math.round(Math.min(before.to, belief.to) - belief.from),
      });
    if (before === undefined || before.to < belief.to) newest.set(belief.path, belief);
  }
  return overlaps;
}

function beliefsIn(records: Iterable<JournalRecord>): Belief[] {
  const beliefs: Belief[] = [];
  const open = new Map<string, Belief>();
  for (const record of records) {
    if (record.t !== 'lock') continue;
    const { c: client, p: path, at, what } = record;
    const key = `${client} ${path}`;
    if (what === 'let') {
      const belief = open.get(key);
      if (belief) belief.to = at;
      open.delete(key);
      continue;
    }
    const belief = { client, path, from: at, to: Infinity };
    open.set(key, belief);
    beliefs.push(belief);
  }
  return beliefs.sort((one, other) => one.from - other.from);
}

const SEQUENCE_DIGITS = 10;

export function numbersGivenTwice(records: Iterable<JournalRecord>): NumberTwice[] {
  const given = new Map<string, string>();
  const twice: NumberTwice[] = [];
  for (const record of records) {
    if (record.t !== 'w' || record.k !== 'append' || record.n === undefined) continue;
    const parent = record.n.slice(0, record.n.lastIndexOf('/'));
    const number = record.n.slice(-SEQUENCE_DIGITS);
    const key = `${parent} ${number}`;
    const before = given.get(key);
    if (before !== undefined && before !== record.n)
      twice.push({ parent, number, paths: [before, record.n] });
    given.set(key, record.n);
  }
  return twice;
}
