import fc from 'fast-check';
import { analyseJournal } from '../../../src/lab/check/analyseJournal';
import { judge } from '../../../src/lab/check/checkLoad';
import { compareWithTree } from '../../../src/lab/check/compareWithTree';
import type { JournalRecord } from '../../../src/lab/load/journalRecords';
import { end, everywhere, healthyTree, set } from './journal';

const register = '/load/registers/w0-k0';

function ack(at: number): JournalRecord {
  return set(register, 1, 'acked', at);
}

function read(v: number, z: string, view = '0xa1/1'): JournalRecord {
  return { t: 'r', c: 'r0', view, p: register, v, z, s: 0, e: 0 };
}

describe('write gaps', () => {
  it('are the stretches of at least the threshold without an acknowledgement', () => {
    const { writeGaps } = analyseJournal([
      ack(1000),
      ack(1099),
      ack(1199),
      ack(1500),
      ...end(1510),
    ]);
    expect(writeGaps).toEqual([
      { startedAtMs: 1099, gapMs: 100, ownStallMs: 0 },
      { startedAtMs: 1199, gapMs: 301, ownStallMs: 0 },
    ]);
  });

  it('reach to the moment the writers were told to stop, and no further', () => {
    const records = [ack(1000), set(register, 2, 'unknown', 1400), ...end(1300)];
    expect(analyseJournal(records).writeGaps).toEqual([
      { startedAtMs: 1000, gapMs: 300, ownStallMs: 0 },
    ]);
  });

  it('are not ended by a write of unknown fate or a read', () => {
    const records = [
      ack(0),
      set(register, 2, 'unknown', 100),
      read(1, '0x1'),
      ack(200),
      ...end(201),
    ];
    expect(analyseJournal(records).writeGaps).toHaveLength(1);
  });

  it('say how much of them the load itself stood still', () => {
    const stall: JournalRecord = { t: 'ownStall', at: 1100, ms: 300 };
    expect(analyseJournal([ack(1000), stall, ack(1300), ...end(1310)]).writeGaps).toEqual([
      { startedAtMs: 1000, gapMs: 300, ownStallMs: 200 },
    ]);
  });

  it('together with the stretches between them cover the whole load', () => {
    const times = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 400 }), (unsorted, gapThresholdMs) => {
        const sorted = [...unsorted].sort((a, b) => a - b);
        const stop = sorted.at(-1)! + 50;
        const { writeGaps } = analyseJournal([...unsorted.map(ack), ...end(stop)], {
          gapThresholdMs,
        });
        for (const { startedAtMs, gapMs } of writeGaps) {
          const inside = sorted.some((t) => t > startedAtMs && t < startedAtMs + gapMs);
          expect([gapMs >= gapThresholdMs, inside]).toEqual([true, false]);
        }
        const missed = [...sorted, stop].some(
          (t, i) =>
            i > 0 &&
            t - sorted[i - 1]! >= gapThresholdMs &&
            !writeGaps.some((gap) => gap.startedAtMs === sorted[i - 1]),
        );
        expect(missed).toBe(false);
      }),
    );
  });
});

describe('reads', () => {
  it.each([
    ['a lower value', [read(5, '0x10'), read(4, '0x11')], 1],
    ['an older zxid', [read(5, '0x10'), read(5, '0xf')], 1],
    ['data that is no value', [read(5, '0x10'), read(NaN, '0x11')], 1],
    ['the same again', [read(5, '0x10'), read(5, '0x10')], 0],
    ['a newer value', [read(5, '0x10'), read(6, '0x11')], 0],
    ['an older value in another session', [read(5, '0x10'), read(4, '0xf', '0xb2/1')], 0],
  ])('of %s are judged by what the session saw before', (_what, records, backwards) => {
    expect(analyseJournal(records).readsBackwards).toHaveLength(backwards);
  });

  it('by its writer, synced, are not older than what was acknowledged to it', () => {
    const own = (v: number): JournalRecord => ({ ...read(v, '0x200000000'), own: true }) as never;
    const acked = set(register, 5, 'acked');
    expect(analyseJournal([acked, own(5)]).readsBackwards).toHaveLength(0);
    expect(analyseJournal([acked, own(4)]).readsBackwards).toHaveLength(1);
    expect(analyseJournal([acked, read(4, '0x1')]).readsBackwards).toHaveLength(0);
    expect(analyseJournal([set(register, 5, 'unknown'), own(4)]).readsBackwards).toHaveLength(0);
  });

  it('keep to the newest state seen: going back once does not excuse staying back', () => {
    const records = [read(5, '0x10'), read(3, '0xe'), read(4, '0xf')];
    expect(analyseJournal(records).readsBackwards).toHaveLength(2);
  });
});

describe('the verdict', () => {
  const healthy = [ack(1), set(register, 2, 'unknown'), set(register, 3, 'failed'), ...end(5)];
  const verdict = (records: JournalRecord[], unread = {}) =>
    judge(
      analyseJournal(records),
      compareWithTree(records, everywhere(healthyTree(records))),
      unread,
    );

  it('is ok for a load that lost nothing, and counts each outcome apart', () => {
    expect(verdict(healthy)).toMatchObject({
      ok: true,
      ackedWrites: 1,
      unknownWrites: 1,
      problems: [],
    });
    expect(analyseJournal(healthy).failedWrites).toBe(1);
  });

  it.each<[string, JournalRecord[], object]>([
    ['its journal was cut short', [ack(1)], {}],
    ['nothing was acknowledged', end(5), {}],
    [
      'a session was lost',
      [...healthy, { t: 'session', c: 'h0', sid: '0xa1', what: 'lost', at: 3 }],
      {},
    ],
    ['a read went backwards', [...healthy, read(5, '0x10'), read(4, '0xf')], {}],
    ['a member could not be read', healthy, { '127.66.0.2:2181': 'does not serve' }],
  ])('is not ok where %s', (_what, records, unread) => {
    const { ok, problems } = verdict(records, unread);
    expect([ok, problems.length]).toEqual([false, 1]);
  });

  it('names at most fifty problems', () => {
    const many = Array.from({ length: 80 }, (_unused, i) => read(5 - i, '0x10'));
    expect(verdict([...healthy, ...many]).problems).toHaveLength(50);
  });
});
