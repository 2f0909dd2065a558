import fc from 'fast-check';
import {
  chooseExtraction,
  settleTime,
  type Choice,
  type ChooseOptions,
} from '../../../src/planning/backup/chooseExtraction';
import type {
  ContentFinding,
  Extraction,
  TimelineContents,
} from '../../../src/planning/backup/contents';
import { zxidText, zxidValue } from '../../../src/model/zxid';
import { restorableRanges } from '../../../src/planning/backup/restorable';
import type { Target } from '../../../src/planning/backup/target';
import {
  anyWorld,
  baseOf,
  ensembleOf,
  objectOf,
  objectsOf,
  plainHistory,
  replay,
  restorableCounts,
  timelineOf,
  upTo,
  type History,
  type World,
} from './randomTimelines';
import { randomRuns } from '../../support/randomRuns';

const RUNS = randomRuns(200);
const history = plainHistory(30);
const segment = (from: number, to: number) => objectOf(history, 1, [from, to], 'log');
const base = (from: number, to: number, id = 0) => baseOf(history, 1, [from, to], id);
const zxid = (count: number) => zxidText(history.zxids[count] ?? 0n);
const time = (count: number) => history.timesMs[count] ?? 0;

const choose = (timeline: TimelineContents, target: Target, options?: ChooseOptions) =>
  chooseExtraction(ensembleOf(timeline), target, options);

function chosen(choice: Choice): Extraction {
  if (choice.kind !== 'chosen') throw new Error(`chosen was ${choice.kind}`);
  return choice.extraction;
}

/** The message of the refusal; undefined where there is none. */
function refusal(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ type: 'NotRestorable', retryable: false });
    return (error as Error).message;
  }
}

test('each zxid that can be restored is, to exactly the transactions up to it, and no other is promised', () => {
  fc.assert(
    fc.property(anyWorld(), (world) => {
      const restorable = restorableCounts(world);
      world.history.zxids.forEach((one, count) => {
        const target = { kind: 'zxid', zxid: zxidText(one) } as const;
        if (!restorable.has(count)) {
          expect(refusal(() => choose(world.contents, target))).toBeDefined();
          return;
        }
        const extraction = chosen(choose(world.contents, target));
        expect(replay(world.history, extraction)).toEqual(upTo(count));
        expect(zxidValue(extraction.base.usableFrom)).toBeLessThanOrEqual(one);
        const better = world.contents.bases.filter(
          ({ usableFrom }) =>
            zxidValue(usableFrom) <= one &&
            zxidValue(usableFrom) > zxidValue(extraction.base.usableFrom),
        );
        for (const newer of better) {
          const contents = { ...world.contents, bases: [newer] };
          expect(restorableCounts({ ...world, contents }).has(count)).toBe(false);
        }
      });
    }),
    RUNS,
  );
});

test('the latest is the last transaction that is known of, or refused', () => {
  fc.assert(
    fc.property(anyWorld(), (world) => {
      const [last] = [...restorableCounts(world)].sort((a, b) => b - a);
      const { contents } = world;
      const known = [
        ...objectsOf(contents).map((object) => zxidValue(object.last)),
        ...contents.bases.map(({ usableFrom }) => zxidValue(usableFrom)),
      ].reduce((a, b) => (a > b ? a : b), 0n);
      if (last === undefined) {
        expect(refusal(() => choose(contents, { kind: 'latest' }))).toBeDefined();
        return;
      }
      const older = known > (world.history.zxids[last] ?? 0n);
      if (older) expect(refusal(() => choose(contents, { kind: 'latest' }))).toBeDefined();
      const accept = older ? (['older'] as const) : [];
      const extraction = chosen(choose(contents, { kind: 'latest' }, { accept }));
      expect(replay(world.history, extraction)).toEqual(upTo(last));
    }),
    RUNS,
  );
});

/** What reads the objects does: goes on where none in the object is later. */
function restoredAt(world: World, timeMs: number): Extraction {
  let clearedUpTo: string | undefined;
  for (;;) {
    const choice = choose(world.contents, { kind: 'time', timeMs }, { clearedUpTo });
    if (choice.kind === 'chosen') return choice.extraction;
    const { zxids, timesMs } = world.history;
    const last = zxids.indexOf(zxidValue(choice.object.last));
    for (let at = zxids.indexOf(zxidValue(choice.after)) + 1; at <= last; at += 1) {
      if ((timesMs[at] ?? 0) > choice.stopAfterMs) {
        return settleTime(choice, zxidText(zxids[at - 1] ?? 0n));
      }
    }
    clearedUpTo = choice.object.last;
  }
}

/** The count of transactions that are not later, where times rise. */
function countAt({ timesMs }: History, timeMs: number): number {
  return timesMs.findLastIndex((one) => one <= timeMs);
}

test('where times rise, a time restores to the last transaction that is not later, if the one after it is known too', () => {
  fc.assert(
    fc.property(anyWorld({ risingTimes: true }), fc.nat(), fc.integer(), (world, seed, offset) => {
      const { timesMs } = world.history;
      const timeMs = (timesMs[seed % timesMs.length] ?? 0) + Math.sign(offset);
      const count = countAt(world.history, timeMs);
      const ranges = restorableRanges(world.contents).map(({ from, to, toMs }) => ({
        from: world.history.zxids.indexOf(zxidValue(from)),
        to: world.history.zxids.indexOf(zxidValue(to)),
        toMs,
      }));
      const whole = ranges.some(({ from, to }) => from <= count && count < to);
      const ended = ranges.findLast(({ toMs }) => toMs === timeMs);
      if (whole) {
        expect(replay(world.history, restoredAt(world, timeMs))).toEqual(upTo(count));
      } else if (ended !== undefined) {
        // Nothing tells whether more of that millisecond came.
        expect(replay(world.history, restoredAt(world, timeMs))).toEqual(upTo(ended.to));
      } else {
        expect(refusal(() => restoredAt(world, timeMs))).toBeDefined();
      }
    }),
    RUNS,
  );
});

test('every moment that a listing shows is restored, by its zxid and by its time', () => {
  fc.assert(
    fc.property(anyWorld(), (world) => {
      for (const { from, to, fromMs, toMs } of restorableRanges(world.contents)) {
        for (const one of [from, to])
          expect(chosen(choose(world.contents, { kind: 'zxid', zxid: one })).zxid).toBe(one);
        for (const timeMs of [fromMs, toMs]) {
          const extraction = restoredAt(world, timeMs);
          const count = world.history.zxids.indexOf(zxidValue(extraction.zxid));
          expect(replay(world.history, extraction)).toEqual(upTo(count));
        }
      }
    }),
    RUNS,
  );
});

describe('beside a hole', () => {
  const contents = timelineOf(1, {
    bases: [base(2, 4, 1), base(18, 20, 2)],
    segments: [segment(2, 10), segment(18, 30)],
  });
  const at = (timeMs: number): string =>
    restoredAt({ history, contents: { ...contents } }, timeMs).zxid;

  test('the times of the ends that a listing shows are these ends', () => {
    const ends = restorableRanges(contents).map(({ fromMs, toMs }) => [at(fromMs), at(toMs)]);
    expect(ends).toEqual([
      [zxid(4), zxid(10)],
      [zxid(20), zxid(30)],
    ]);
  });

  test('a millisecond further into it is refused', () => {
    for (const timeMs of [time(4) - 1, time(10) + 1, time(20) - 1, time(30) + 1])
      expect(refusal(() => at(timeMs))).toBeDefined();
  });

  test('a base that stands alone there is restored, not one whose log ends before', () => {
    const standing = { ...base(14, 14, 3), source: 'logical' as const };
    const three = { ...contents, bases: [...contents.bases, standing] };
    const wanted = { zxid: zxid(14), base: { id: standing.id }, objects: [] };
    expect(restoredAt({ history, contents: three }, time(14))).toMatchObject(wanted);
    const byZxid = { kind: 'zxid', zxid: zxid(14) } as const;
    expect(chosen(choose(three, byZxid))).toMatchObject(wanted);
  });
});

test('a beginning is shown with a time that leads there, though clocks ran back after it', () => {
  const contents = timelineOf(1, { bases: [base(4, 4)], segments: [segment(4, 10)] });
  contents.bases[0]!.usableFromMs = time(20);
  const [range] = restorableRanges(contents);
  expect(range).toMatchObject({ fromMs: time(20), toMs: time(20) });
  expect(restoredAt({ history, contents }, time(20)).zxid).toBe(zxid(10));
  expect(refusal(() => restoredAt({ history, contents }, time(20) - 1))).toBeDefined();
});

test('where clocks ran back, what a time restores holds none of the restorable ones that is later, and ends before one', () => {
  fc.assert(
    fc.property(anyWorld(), fc.nat(), (world, seed) => {
      const { timesMs, zxids } = world.history;
      const timeMs = timesMs[seed % timesMs.length] ?? 0;
      let extraction: Extraction;
      try {
        extraction = restoredAt(world, timeMs);
      } catch (error) {
        expect(error).toMatchObject({ type: 'NotRestorable' });
        return;
      }
      const count = zxids.indexOf(zxidValue(extraction.zxid));
      const restorable = restorableCounts(world);
      const first = Math.min(...restorable);
      expect(replay(world.history, extraction)).toEqual(upTo(count));
      const shown = restorableRanges(world.contents).flatMap(({ from, to, fromMs, toMs }) => [
        ...(fromMs === timeMs ? [from, to] : []),
        ...(toMs === timeMs ? [to] : []),
      ]);
      // The end that is shown with this time is meant, whatever other clocks said.
      if (shown.includes(extraction.zxid)) return;
      for (const at of restorable) {
        if (at > first && at <= count) expect(timesMs[at]).toBeLessThanOrEqual(timeMs);
      }
      if (count + 1 < zxids.length && restorable.has(count + 1)) {
        expect(timesMs[count + 1]).toBeGreaterThan(timeMs);
      }
    }),
    RUNS,
  );
});

describe('refusals say what there is instead', () => {
  const lost = segment(10, 14);
  const contents = timelineOf(1, {
    bases: [base(2, 4, 1), base(18, 20, 2)],
    segments: [segment(2, 10), segment(14, 30)],
    holes: [{ after: zxid(12), upTo: zxid(14), reason: 'disk full', at: '2026-02-02T00:00:00Z' }],
    findings: [
      { code: 'ObjectMissing', severity: 'error', key: lost.key, message: 'not in the listing' },
    ],
  });
  const range = `${zxid(4)} (2026-02-01T00:04:00.000Z) to ${zxid(10)} (2026-02-01T00:10:00.000Z); ${zxid(20)} (2026-02-01T00:20:00.000Z) to ${zxid(30)} (2026-02-01T00:30:00.000Z)`;

  test.each<[string, Target, string[]]>([
    [
      'a zxid before the first',
      { kind: 'zxid', zxid: zxid(3) },
      [zxid(3), 'before the first', range],
    ],
    ['a zxid after the last', { kind: 'zxid', zxid: '0x900000000' }, ['after the last', range]],
    [
      'a zxid in a hole',
      { kind: 'zxid', zxid: zxid(12) },
      ['disk full', lost.key, `nearest are ${zxid(10)} before it and ${zxid(20)} after it`],
    ],
    [
      'a zxid after a hole and before the base that comes after it',
      { kind: 'zxid', zxid: zxid(16) },
      ['disk full', `${zxid(20)} after it`],
    ],
    [
      'a time before the first',
      { kind: 'time', timeMs: time(4) - 1 },
      ['2026-02-01T00:03:59.999Z is before the first', range],
    ],
    [
      'a time after the last',
      { kind: 'time', timeMs: time(30) + 1 },
      ['after the last', range, '--at latest'],
    ],
    ['a time in a hole', { kind: 'time', timeMs: time(12) }, ['disk full', lost.key, zxid(10)]],
  ])('%s', (_, target, told) => {
    const message = refusal(() => choose(contents, target)) ?? '';
    for (const part of told) expect(message).toContain(part);
  });

  test('nothing restorable says why, and which timeline is', () => {
    const second = timelineOf(2, { bases: [base(4, 9)], segments: [] });
    const message = refusal(() =>
      chooseExtraction(ensembleOf(contents, second), { kind: 'latest' }),
    );
    expect(message).toContain('timeline 2, can be restored');
    expect(message).toContain('timeline 1 can be restored');
    expect(
      chosen(chooseExtraction(ensembleOf(contents, second), { kind: 'latest' }, { timeline: 1 })),
    ).toMatchObject({ timeline: 1, zxid: zxid(30) });
  });

  test('a timeline that is not there is bad input', () => {
    expect(() => choose(contents, { kind: 'latest' }, { timeline: 7 })).toThrow(
      expect.objectContaining({
        type: 'InvalidInput',
        message: expect.stringContaining('it has 1'),
      }) as Error,
    );
  });
});

test('the last object that is damaged keeps its message: what was captured in it is named', () => {
  const lost = segment(5, 9);
  const contents = timelineOf(1, {
    ...{ bases: [base(0, 0)], segments: [segment(0, 5)] },
    findings: [{ code: 'ObjectDamaged', severity: 'error', key: lost.key, message: 'cut short' }],
  });
  const message = refusal(() => choose(contents, { kind: 'latest' })) ?? '';
  for (const told of [zxid(9), lost.key, 'cut short', zxid(5)]) expect(message).toContain(told);
});

describe('a finding by which the end is not known', () => {
  const found = (code: ContentFinding['code']): TimelineContents =>
    timelineOf(1, {
      ...{ bases: [base(0, 0)], segments: [segment(0, 5)] },
      findings: [{ code, severity: 'error', key: 'its key', message: 'its message' }],
    });
  const latest = (timeline: TimelineContents, options?: ChooseOptions): string =>
    chosen(choose(timeline, { kind: 'latest' }, options)).zxid;

  test.each(['StateMissing', 'StateDamaged', 'StateOlder'] as const)(
    '%s: the latest is refused with it and with what there is, and may be accepted',
    (code) => {
      for (const options of [{}, { timeline: 1 }]) {
        const message = refusal(() => latest(found(code), options)) ?? '';
        for (const told of ['its message', zxid(5), '--accept-older'])
          expect(message).toContain(told);
      }
      expect(latest(found(code), { accept: ['older'] })).toBe(zxid(5));
      const byZxid = { kind: 'zxid', zxid: zxid(5) } as const;
      expect(chosen(choose(found(code), byZxid)).zxid).toBe(zxid(5));
    },
  );

  test('EnsembleDamaged: only of a timeline that was named', () => {
    const damaged = { ...found('EnsembleDamaged'), number: 1 };
    const second = timelineOf(2, { bases: [base(0, 0)], segments: [segment(0, 9)] });
    const of = (options?: ChooseOptions) =>
      chosen(chooseExtraction(ensembleOf(damaged, second), { kind: 'latest' }, options)).zxid;
    expect(refusal(() => of())).toContain('--timeline 2 if it is the newest');
    expect(of({ timeline: 2 })).toBe(zxid(9));
    expect(of({ accept: ['older'] })).toBe(zxid(9));
  });

  test.each([
    ...(['IndexMissing', 'IndexDamaged', 'IndexOlder', 'ManifestMissing'] as const),
    ...(['ManifestDamaged', 'ObjectUnknown', 'DrillDamaged'] as const),
  ])('%s is none', (code) => {
    expect(latest(found(code))).toBe(zxid(5));
  });
});

test('a time within the object of the first base leaves the choice between its bases to the reader', () => {
  const contents = timelineOf(1, {
    bases: [base(1, 2, 1), base(6, 8, 2)],
    segments: [segment(0, 12)],
  });
  const choice = choose(contents, { kind: 'time', timeMs: time(7) });
  if (choice.kind !== 'time') throw new Error('a time was asked for');
  expect(choice.candidates.map((one) => one.base.id)).toEqual(['00000002', '00000001']);
  expect(settleTime(choice, zxid(7)).base.id).toBe('00000001');
  expect(settleTime(choice, zxid(8)).base.id).toBe('00000002');
  expect(refusal(() => settleTime(choice, zxid(1)))).toBeDefined();
});
