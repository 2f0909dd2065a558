/** Locks that two held at once, and sequence numbers that were given twice. */
import { holdersAtOnce, numbersGivenTwice } from '../../../src/lab/check/exclusive';
import type { JournalRecord } from '../../../src/lab/load/journalRecords';

const LOCK = '/load/locks/lock';
const lock = (c: string, what: 'believed' | 'let', at: number, p = LOCK): JournalRecord => ({
  ...{ t: 'lock', c, p, sid: `0x${c}`, what, at },
});
const append = (n: string | undefined, at = 0): JournalRecord => ({
  ...{ t: 'w', k: 'append', c: 'a0', p: '/x', v: 1, s: at, e: at, o: 'acked' },
  ...(n !== undefined && { n }),
});

test('one after the other, and one that held, lost its connection and held on, are no overlap', () => {
  const records = [
    lock('l0', 'believed', 10),
    lock('l0', 'let', 20),
    lock('l0', 'believed', 30),
    lock('l0', 'let', 40),
    lock('l1', 'believed', 40),
    lock('l1', 'let', 50),
  ];
  expect(holdersAtOnce(records)).toEqual([]);
});

test.each<[string, JournalRecord[], number]>([
  [
    'that began before the other had let go',
    [lock('l0', 'believed', 10), lock('l1', 'believed', 15), lock('l0', 'let', 20)],
    5,
  ],
  [
    'inside a longer one, after another of the same client',
    [
      lock('l0', 'believed', 10),
      lock('l1', 'believed', 20),
      lock('l1', 'let', 25),
      lock('l0', 'let', 100),
    ],
    5,
  ],
  [
    'of one that was never told',
    [lock('l0', 'believed', 10), lock('l1', 'believed', 1_000)],
    Infinity,
  ],
])('a belief %s is one', (_what, records, ms) => {
  expect(holdersAtOnce(records)).toEqual([
    expect.objectContaining({ path: LOCK, one: 'l0', other: 'l1', ms }),
  ]);
});

test('of different locks nobody is in the way', () => {
  expect(holdersAtOnce([lock('l0', 'believed', 1), lock('l1', 'believed', 2, '/other')])).toEqual(
    [],
  );
});

test('a number that was given twice below one parent is told; below another it is none', () => {
  const twice = [append('/a/1-0000000007'), append('/a/2-0000000007')];
  expect(numbersGivenTwice([...twice, append('/b/1-0000000007'), append(undefined)])).toEqual([
    { parent: '/a', number: '0000000007', paths: ['/a/1-0000000007', '/a/2-0000000007'] },
  ]);
  expect(numbersGivenTwice([append('/a/1-0000000007'), append('/a/2-0000000008')])).toEqual([]);
});
