/** Bases that no log goes on from: each restores to its own zxid, and what lies between them is told, not complained of. */
import { chooseExtraction } from '../../../src/planning/backup/chooseExtraction';
import type { ListedBase } from '../../../src/planning/backup/contents';
import { explainContents } from '../../../src/planning/backup/explain';
import { zxidText } from '../../../src/model/zxid';
import { rangeFindings, restorableRanges } from '../../../src/planning/backup/restorable';
import { planRetention } from '../../../src/planning/backup/retention';
import { BASES_ONLY } from '../../../src/planning/backup/standAlone';
import { baseOf, ensembleOf, NOW_MS, objectOf, plainHistory, timelineOf } from './randomTimelines';

const history = plainHistory(30);
const zxid = (count: number) => zxidText(history.zxids[count] ?? 0n);
const segment = (from: number, to: number) => objectOf(history, 1, [from, to], 'log');
const base = (from: number, to: number, id: number) => baseOf(history, 1, [from, to], id);
const alone = (at: number, readFrom?: number): ListedBase => ({
  ...base(at, at, 100 + at),
  source: 'logical',
  ...(readFrom !== undefined && { readFrom: zxid(readFrom) }),
});
const hole = (from: number, to: number, reason = BASES_ONLY) => ({
  ...{ after: zxid(from), upTo: zxid(to), reason, at: '2026-02-01T00:00:00Z' },
});
const chosen = (contents: Parameters<typeof ensembleOf>[0], at: number) =>
  chooseExtraction(ensembleOf(contents), { kind: 'zxid', zxid: zxid(at) });

const two = timelineOf(1, { bases: [alone(5, 3), alone(9)], holes: [hole(5, 9)] });

test('two of them are two moments, and the hole between them is no error', () => {
  expect(restorableRanges(two)).toMatchObject([
    { from: zxid(5), to: zxid(5), readFrom: zxid(3) },
    { from: zxid(9), to: zxid(9) },
  ]);
  expect(rangeFindings(two)).toEqual([
    {
      code: 'LogHole',
      severity: 'warning',
      message: expect.stringContaining(BASES_ONLY) as string,
    },
  ]);
  expect(explainContents(ensembleOf(two)).join('\n')).toContain(
    `not of one moment: read between ${zxid(3)} and ${zxid(5)}`,
  );
  expect(chosen(two, 5)).toMatchObject({ extraction: { objects: [], zxid: zxid(5) } });
  expect(chooseExtraction(ensembleOf(two), { kind: 'latest' })).toMatchObject({
    extraction: { zxid: zxid(9) },
  });
  expect(() => chosen(two, 7)).toThrow(BASES_ONLY);
});

test('for a time between two of them nothing is restored, since nobody knows what was then', () => {
  const at = (timeMs: number) => chooseExtraction(ensembleOf(two), { kind: 'time', timeMs });
  expect(() => at(history.timesMs[7]!)).toThrow('the nearest are');
  expect(at(history.timesMs[9]!)).toMatchObject({ extraction: { zxid: zxid(9) } });
});

test('a log that begins where one stands does not go on from it', () => {
  const contents = timelineOf(1, { bases: [alone(5, 3)], segments: [segment(5, 20)] });
  expect(restorableRanges(contents)).toMatchObject([{ from: zxid(5), to: zxid(5) }]);
  expect(() => chosen(contents, 8)).toThrow('after the last');
  expect(rangeFindings(contents)).toMatchObject([{ code: 'NoBase', severity: 'error' }]);
});

test('where a log leads to the same zxid, it is what is restored from', () => {
  const contents = timelineOf(1, {
    bases: [base(2, 3, 1), alone(8, 6)],
    segments: [segment(2, 20)],
  });
  expect(restorableRanges(contents)).toMatchObject([{ from: zxid(3), to: zxid(20) }]);
  for (const at of [8, 10])
    expect(chosen(contents, at)).toMatchObject({
      extraction: { base: { source: 'stream' }, zxid: zxid(at) },
    });
  expect(rangeFindings(contents)).toEqual([]);
  const byTime = chooseExtraction(ensembleOf(contents), {
    ...{ kind: 'time', timeMs: history.timesMs[12]! },
  });
  expect(byTime).toMatchObject({ candidates: [{ base: { source: 'stream' } }] });
});

test.each([
  ['named in whole', [hole(8, 12, 'the leader had lost it')], 'warning'],
  ['named in parts', [hole(10, 12, 'the leader died'), hole(8, 10, 'it was away')], 'warning'],
  ['named in part', [hole(8, 10, 'the leader had lost it')], 'error'],
  ['named but for its beginning', [hole(9, 12, 'the leader had lost it')], 'error'],
  ['not named', [], 'error'],
])('a hole that nobody meant, %s, before a base', (_, holes, severity) => {
  const contents = timelineOf(1, {
    bases: [base(2, 3, 1), alone(12)],
    segments: [segment(2, 8)],
    holes,
  });
  expect(rangeFindings(contents)).toMatchObject([{ code: 'LogHole', severity }]);
});

test('a hole that was named is an error as long as no base leads to what comes after it', () => {
  const contents = timelineOf(1, {
    bases: [base(2, 3, 1)],
    segments: [segment(2, 8), segment(12, 20)],
    holes: [hole(8, 12, 'the leader had lost it')],
  });
  expect(rangeFindings(contents)).toContainEqual(
    expect.objectContaining({ code: 'LogHole', severity: 'error' }),
  );
});

test('retention keeps the newest of them, and those of its days, weeks and so on', () => {
  const days = Array.from({ length: 20 }, (_, at) => ({
    ...alone(at + 1),
    usableFromMs: NOW_MS - (20 - at) * 86_400_000,
  }));
  const contents = ensembleOf(timelineOf(1, { bases: days, holes: [hole(1, 20)] }));
  const kept = (spec: object) =>
    planRetention(contents, { daily: 0, weekly: 0, ...spec }, NOW_MS).keep.map(
      ({ base: { usableFrom } }) => usableFrom,
    );
  expect(kept({ bases: 2 })).toEqual([zxid(19), zxid(20)]);
  expect(kept({ days: 3 })).toEqual([zxid(18), zxid(19), zxid(20)]);
  expect(kept({ bases: 1, daily: 2 }).sort()).toEqual([zxid(18), zxid(19), zxid(20)]);
});

test('ten thousand of them are planned within seconds', () => {
  const many = plainHistory(10_000);
  const bases = many.zxids.slice(1).map((_, at) => ({
    ...baseOf(many, 1, [at + 1, at + 1], at + 1),
    ...{ source: 'logical' as const, usableFromMs: NOW_MS - (10_000 - at) * 60_000 },
  }));
  const contents = ensembleOf(
    timelineOf(1, { bases, holes: [{ ...hole(1, 2), upTo: bases.at(-1)!.usableFrom }] }),
  );
  const began = performance.now();
  expect(restorableRanges(contents.timelines[0]!)).toHaveLength(10_000);
  expect(rangeFindings(contents.timelines[0]!)).toHaveLength(9_999);
  planRetention(contents, { bases: 2, days: 7, daily: 0, weekly: 0 }, NOW_MS);
  expect(performance.now() - began).toBeLessThan(10_000);
});
