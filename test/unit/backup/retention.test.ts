import fc from 'fast-check';
import type { RetentionSpec } from '../../../src/model/repositorySpec';
import { chooseExtraction } from '../../../src/planning/backup/chooseExtraction';
import type { EnsembleContents } from '../../../src/planning/backup/contents';
import { keys, logObjectName } from '../../../src/planning/backup/keys';
import { zxidText, zxidValue } from '../../../src/model/zxid';
import {
  rangeFindings,
  restorableRanges,
  usableBases,
} from '../../../src/planning/backup/restorable';
import { planRetention, type RetentionPlan } from '../../../src/planning/backup/retention';
import {
  anyWorld,
  baseOf,
  ENSEMBLE,
  ensembleOf,
  objectOf,
  plainHistory,
  replay,
  restorableCounts,
  timelineOf,
  upTo,
  type World,
} from './randomTimelines';
import { randomRuns } from '../../support/randomRuns';

const RUNS = randomRuns(200);
const DAY_MS = 86_400_000;
const anySpec: fc.Arbitrary<RetentionSpec> = fc.record(
  {
    bases: fc.integer({ min: 1, max: 5 }),
    days: fc.integer({ min: 1, max: 20 }),
    daily: fc.nat({ max: 4 }),
    weekly: fc.nat({ max: 3 }),
  },
  { requiredKeys: ['daily', 'weekly'] },
);
const anyEnsemble = fc.oneof(
  anyWorld().map((world) => [world]),
  fc.tuple(anyWorld({ number: 1 }), anyWorld({ number: 2 })),
);
const contentsOf = (worlds: readonly World[]): EnsembleContents =>
  ensembleOf(...worlds.map(({ contents }) => contents));

/** What is there once it is done. */
function after(contents: EnsembleContents, plan: RetentionPlan): EnsembleContents {
  const gone = new Set([
    ...[...plan.deleteBases, ...plan.deleteSegments, ...plan.deletePieces].map(({ key }) => key),
    ...plan.deleteOthers,
  ]);
  const left = <T extends { key: string }>(all: T[]) => all.filter(({ key }) => !gone.has(key));
  return {
    ...contents,
    timelines: contents.timelines.map((timeline) => ({
      ...timeline,
      bases: left(timeline.bases),
      segments: left(timeline.segments),
      pieces: left(timeline.pieces),
      unindexed: left(timeline.unindexed),
    })),
  };
}

/** By brute force, one set a timeline. */
const restorable = (worlds: readonly World[], contents: EnsembleContents): Set<number>[] =>
  worlds.map(({ history }, index) =>
    restorableCounts({ history, contents: contents.timelines[index] ?? timelineOf(9) }),
  );

/** `nowMs` within the history, so that some of it is in the last days and some is not. */
const anyCase = fc
  .tuple(anyEnsemble, anySpec, fc.nat(), fc.boolean())
  .map(([worlds, spec, seed, atEnd]) => {
    const times = worlds.flatMap(({ history }) => history.timesMs);
    const newest = Math.max(...times);
    return { worlds, spec, nowMs: atEnd ? newest : newest + (seed % (30 * DAY_MS)) };
  });

test('every transaction of the last days that could be restored still can, and so can all after the newest bases', () => {
  fc.assert(
    fc.property(anyCase, ({ worlds, spec, nowMs }) => {
      const contents = contentsOf(worlds);
      const plan = planRetention(contents, spec, nowMs);
      const [before, then] = [contents, after(contents, plan)].map((one) =>
        restorable(worlds, one),
      );
      const bases = worlds.flatMap(({ contents: timeline }) =>
        usableBases(timeline).map(({ base }) => ({ base, timeline: timeline.number })),
      );
      const [oldest] = bases.slice(-(spec.bases ?? 1));
      worlds.forEach(({ history, contents: { number } }, index) => {
        for (const count of before?.[index] ?? []) {
          const recent =
            spec.days !== undefined && (history.timesMs[count] ?? 0) >= nowMs - spec.days * DAY_MS;
          const newest =
            oldest !== undefined &&
            (number > oldest.timeline ||
              (number === oldest.timeline &&
                (history.zxids[count] ?? 0n) >= zxidValue(oldest.base.usableFrom)));
          if (recent || newest) expect(then?.[index]).toContain(count);
        }
      });
    }),
    RUNS,
  );
});

test('each base that is kept restores to where it is usable from, at least so many are, and nothing new is promised', () => {
  fc.assert(
    fc.property(anyCase, ({ worlds, spec, nowMs }) => {
      const contents = contentsOf(worlds);
      const plan = planRetention(contents, spec, nowMs);
      const left = after(contents, plan);
      const usable = contents.timelines.flatMap(usableBases);
      expect(plan.keep.length).toBeGreaterThanOrEqual(Math.min(usable.length, spec.bases ?? 1));
      for (const { timeline, base, reasons } of plan.keep) {
        expect(reasons).not.toEqual([]);
        const target = { kind: 'zxid', zxid: base.usableFrom } as const;
        const choice = chooseExtraction(left, target, { timeline });
        const history = worlds[timeline - 1]?.history ?? plainHistory(0);
        if (choice.kind !== 'chosen') throw new Error('a zxid was asked for');
        expect(replay(history, choice.extraction)).toEqual(
          upTo(history.zxids.indexOf(zxidValue(base.usableFrom))),
        );
      }
      const [before, then] = [contents, left].map((one) => restorable(worlds, one));
      then?.forEach((counts, index) => {
        for (const count of counts) expect(before?.[index]).toContain(count);
      });
    }),
    RUNS,
  );
});

test('where anything is restorable something stays so, the latest included, and once done nothing is left to do', () => {
  fc.assert(
    fc.property(anyCase, ({ worlds, spec, nowMs }) => {
      const contents = contentsOf(worlds);
      const plan = planRetention(contents, spec, nowMs);
      const left = after(contents, plan);
      const newestOf = (one: EnsembleContents) =>
        one.timelines.flatMap(restorableRanges).at(-1)?.to;
      expect(newestOf(left)).toBe(newestOf(contents));
      const again = planRetention(left, spec, nowMs);
      for (const list of [
        'deleteBases',
        'deleteSegments',
        'deletePieces',
        'deleteOthers',
      ] as const) {
        expect(again[list]).toEqual([]);
      }
      for (const number of plan.deleteTimelines) {
        expect(plan.keep.filter(({ timeline }) => timeline === number)).toEqual([]);
        const emptied = left.timelines.find((timeline) => timeline.number === number);
        expect(emptied).toMatchObject({ bases: [], segments: [], pieces: [], unindexed: [] });
      }
    }),
    RUNS,
  );
});

// More segments than one call takes arguments.
test('a hundred days of a segment a minute are planned', () => {
  const days = 100;
  const minutes = days * 1_440;
  const history = plainHistory(minutes);
  const segments = Array.from({ length: minutes }, (_, minute) =>
    objectOf(history, 1, [minute, minute + 1], 'log'),
  );
  const bases = Array.from({ length: days }, (_, day) =>
    baseOf(history, 1, [day * 1_440, day * 1_440 + 1], day),
  );
  const spec = { days: 30, daily: 50, weekly: 0 };
  const nowMs = history.timesMs[minutes] ?? 0;
  const plan = planRetention(ensembleOf(timelineOf(1, { bases, segments })), spec, nowMs);
  expect(plan.keep).toHaveLength(50 + 31);
  expect(plan.deleteSegments.length).toBe((days - 31) * 1_440 - 50);
});

describe('a base every six hours of thirty days, and a segment an hour', () => {
  const hours = 30 * 24;
  const history = {
    zxids: plainHistory(hours).zxids,
    timesMs: Array.from({ length: hours + 1 }, (_, hour) => Date.UTC(2026, 0, 1, hour)),
  };
  const nowMs = history.timesMs[hours] ?? 0;
  const segments = Array.from({ length: hours }, (_, hour) =>
    objectOf(history, 1, [hour, hour + 1], 'log'),
  );
  const bases = Array.from({ length: hours / 6 }, (_, index) =>
    baseOf(history, 1, [index * 6, index * 6 + 2], index),
  );
  const contents = ensembleOf(
    timelineOf(1, { bases, segments, sealedUpTo: segments.at(-1)!.last }),
  );
  const plan = (spec: Partial<RetentionSpec>) =>
    planRetention(contents, { daily: 0, weekly: 0, ...spec }, nowMs);
  const keptTimes = (made: RetentionPlan, reason: string) =>
    made.keep
      .filter(({ reasons }) => reasons.some((one) => one === reason))
      .map(({ base }) => new Date(base.usableFromMs).toISOString().slice(0, 13));

  test('seven days keep the newest base that is not younger than that, and the log from its snapshot on', () => {
    const made = plan({ days: 7 });
    expect(keptTimes(made, 'days')[0]).toBe('2026-01-23T20');
    expect(made.keepsFrom).toEqual([
      { timeline: 1, zxid: zxidText(history.zxids[22 * 24 + 18] ?? 0n) },
    ]);
    expect(made.deleteSegments).toEqual(segments.slice(0, 22 * 24 + 18));
    expect(made.deleteBases).toEqual(bases.slice(0, 22 * 4 + 3));
  });

  test('two bases keep two, and all log from the older one on', () => {
    const made = plan({ bases: 2 });
    expect(made.keep.map(({ base }) => base)).toEqual(bases.slice(-2));
    expect(made.deleteSegments).toEqual(segments.slice(0, hours - 12));
  });

  test('beyond the newest one, three days and two weeks keep their first base each, and what log that needs', () => {
    const made = plan({ bases: 1, daily: 3, weekly: 2 });
    expect(keptTimes(made, 'daily')).toEqual(['2026-01-28T02', '2026-01-29T02', '2026-01-30T02']);
    expect(keptTimes(made, 'weekly')).toEqual(['2026-01-19T02', '2026-01-26T02']);
    expect(hours - made.deleteSegments.length).toBe(6 + 5 * 2);
    expect(restorableRanges(after(contents, made).timelines[0] ?? timelineOf(1))).toHaveLength(6);
  });

  test('what single bases leave between them is told, and no error', () => {
    const [left] = after(contents, plan({ bases: 1, daily: 3 })).timelines;
    const findings = rangeFindings(left ?? timelineOf(1));
    expect(findings).toHaveLength(3);
    expect(findings.map(({ severity }) => severity)).not.toContain('error');
  });

  test('an empty wish still keeps the newest base', () => {
    expect(plan({}).keep.map(({ base }) => base)).toEqual(bases.slice(-1));
  });

  test('one clock that ran ahead does not keep the log forever', () => {
    const ahead = segments.map((one, hour) =>
      hour === 5 ? { ...one, toMs: Date.UTC(2030, 0, 1) } : one,
    );
    const made = planRetention(
      ensembleOf(timelineOf(1, { bases, segments: ahead })),
      { days: 7, daily: 0, weekly: 0 },
      nowMs,
    );
    expect(made.deleteSegments).toHaveLength(22 * 24 + 18);
  });

  test('garbage and holes older than what is kept go, newer ones and foreign files stay', () => {
    const object = (from: number, to: number, timeline = 1) =>
      objectOf(history, timeline, [from, to], 'log');
    const [oldPiece, newPiece] = [
      objectOf(history, 1, [3, 5], 2),
      objectOf(history, 1, [715, 717], 2),
    ];
    const snapshot = (hour: number) =>
      keys.baseSnapshot(ENSEMBLE, 1, zxidText(history.zxids[hour] ?? 0n), 'feedbeef', true);
    const damaged = { ...object(10, 13), sha256: 'f'.repeat(64) };
    const damagedKey = keys.log(ENSEMBLE, 1) + logObjectName(damaged, true);
    const found = [
      damagedKey,
      snapshot(5),
      snapshot(719),
      `${ENSEMBLE}/0001/log/notes.txt`,
      object(1, 5, 2).key,
    ];
    const at = '2026-01-01T00:00:00Z';
    const hole = (from: number, to: number) => ({
      ...{ after: zxidText(history.zxids[from] ?? 0n), upTo: zxidText(history.zxids[to] ?? 0n) },
      ...{ reason: 'leader died', at },
    });
    const made = planRetention(
      ensembleOf(
        timelineOf(1, {
          ...{ bases, segments, pieces: [oldPiece, newPiece] },
          unindexed: [object(2, 9), object(712, 718)],
          holes: [hole(3, 4), hole(716, 717)],
          findings: found.map((key) => ({
            ...{ code: 'ObjectUnknown', severity: 'warning', message: 'unknown', key },
          })),
        }),
      ),
      { bases: 1, daily: 0, weekly: 0 },
      nowMs,
    );
    expect(made.deletePieces).toEqual([oldPiece]);
    expect(made.deleteOthers).toEqual([object(2, 9).key, damagedKey, snapshot(5)]);
    expect(made.dropHoles).toEqual([{ timeline: 1, hole: hole(3, 4) }]);
  });

  test('an older timeline goes once nothing of it is kept, one that has just begun stays', () => {
    const young = timelineOf(3, { segments: [objectOf(history, 3, [0, 4], 'log')] });
    const second = timelineOf(2, {
      bases: [baseOf(history, 2, [700, 700], 1)],
      segments: [objectOf(history, 2, [700, 720], 'log')],
    });
    const all = ensembleOf(...contents.timelines, second, young);
    const one = planRetention(all, { bases: 1, daily: 0, weekly: 0 }, nowMs);
    expect(one.deleteTimelines).toEqual([1]);
    expect(one.deleteSegments).toEqual(segments);
    const two = planRetention(all, { bases: 2, daily: 0, weekly: 0 }, nowMs);
    expect(two.deleteTimelines).toEqual([]);
    expect(two.keep.map(({ timeline, base }) => [timeline, base.id])).toEqual([
      [1, bases.at(-1)?.id],
      [2, '00000001'],
    ]);
  });

  test('a base that cannot be used does not count, and nothing goes where none can', () => {
    const broken = baseOf(history, 1, [500, 520], 999);
    const gap = segments.filter((_, hour) => hour < 510 || hour >= 511).slice(500);
    const none = planRetention(
      ensembleOf(timelineOf(1, { bases: [broken], segments: gap })),
      { bases: 1, daily: 0, weekly: 0 },
      nowMs,
    );
    expect(none).toMatchObject({ keep: [], deleteBases: [], deleteSegments: [] });
    const withGood = timelineOf(1, {
      ...{ bases: [...bases.slice(0, 3), broken] },
      segments: segments.filter((_, hour) => hour !== 510),
    });
    const made = planRetention(ensembleOf(withGood), { bases: 1, daily: 0, weekly: 0 }, nowMs);
    expect(made.keep.map(({ base }) => base)).toEqual([bases[2]]);
    expect(made.deleteBases).toEqual(bases.slice(0, 2));
  });
});
