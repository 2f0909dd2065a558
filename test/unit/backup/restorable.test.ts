import fc from 'fast-check';
import { chain } from '../../../src/planning/backup/logCover';
import { newestKnown } from '../../../src/planning/backup/gaps';
import { rangeFindings, restorableRanges } from '../../../src/planning/backup/restorable';
import { compareZxids, zxidText } from '../../../src/model/zxid';
import type { LogObject } from '../../../src/model/repository';
import {
  anyWorld,
  baseOf,
  objectOf,
  objectsOf,
  plainHistory,
  restorableCounts,
  timelineOf,
  type World,
} from './randomTimelines';
import { randomRuns } from '../../support/randomRuns';

const RUNS = randomRuns(300);
const history = plainHistory(30);
const segment = (from: number, to: number) => objectOf(history, 1, [from, to], 'log');
const base = (from: number, to: number, id = 0) => baseOf(history, 1, [from, to], id);
const zxid = (count: number) => zxidText(history.zxids[count] ?? 0n);

test('told to be restorable is exactly what a base and a log without a gap lead to', () => {
  fc.assert(
    fc.property(anyWorld(), (world) => {
      const ranges = restorableRanges(world.contents);
      const told = world.history.zxids.flatMap((one, count) =>
        ranges.some(
          ({ from, to }) =>
            compareZxids(from, zxidText(one)) <= 0 && compareZxids(zxidText(one), to) <= 0,
        )
          ? [count]
          : [],
      );
      expect(new Set(told)).toEqual(restorableCounts(world));
    }),
    RUNS,
  );
});

test('a chain holds everything from its start on, reaches as far as any does, with the fewest objects', () => {
  fc.assert(
    fc.property(anyWorld(), fc.nat(), ({ history: { zxids }, contents }, seed) => {
      const from = zxidText(zxids[seed % zxids.length] ?? 0n);
      const log = chain(contents, from);
      let reached = from;
      for (const { after, last } of log) {
        expect(compareZxids(after, reached)).toBeLessThanOrEqual(0);
        expect(compareZxids(last, reached)).toBeGreaterThan(0);
        reached = last;
      }
      expect({ reached, objects: log.length }).toEqual(farthest(objectsOf(contents), from));
    }),
    RUNS,
  );
});

/** Breadth first over all objects. */
function farthest(objects: readonly LogObject[], from: string) {
  let best = { reached: from, objects: 0 };
  const steps = new Map([[from, 0]]);
  for (const queue = [from]; queue.length > 0;) {
    const at = queue.shift() ?? '';
    const count = steps.get(at) ?? 0;
    if (compareZxids(at, best.reached) > 0) best = { reached: at, objects: count };
    for (const { after, last } of objects) {
      if (compareZxids(after, at) > 0 || compareZxids(last, at) <= 0 || steps.has(last)) continue;
      steps.set(last, count + 1);
      queue.push(last);
    }
  }
  return best;
}

test('between ranges a hole is told, and where there is no range an error', () => {
  fc.assert(
    fc.property(anyWorld(), (world: World) => {
      const ranges = restorableRanges(world.contents);
      if (ranges.length > 1) {
        expect(rangeFindings(world.contents).map(({ code }) => code)).toContain('LogHole');
      }
      if (ranges.length === 0) {
        expect(rangeFindings(world.contents).map(({ severity }) => severity)).toContain('error');
      }
    }),
    RUNS,
  );
});

test('a new epoch is no hole where the object says that it goes on', () => {
  const zxids = [0n, 0x100000001n, 0x100000002n, 0x700000001n, 0x700000002n];
  const epochs = { zxids, timesMs: [0, 1, 2, 3, 4] };
  const contents = timelineOf(1, {
    bases: [baseOf(epochs, 1, [0, 0], 0)],
    segments: [objectOf(epochs, 1, [0, 2], 'log'), objectOf(epochs, 1, [2, 4], 'log')],
  });
  expect(restorableRanges(contents)).toMatchObject([
    { from: '0x0', to: '0x700000002', fromMs: 0, toMs: 4 },
  ]);
  expect(rangeFindings(contents)).toEqual([]);
});

test('the next number of an epoch is a hole where the object says that it goes on elsewhere', () => {
  const contents = timelineOf(1, {
    bases: [base(0, 0)],
    segments: [segment(0, 5), { ...segment(5, 9), after: '0x100000006' }],
  });
  expect(restorableRanges(contents)).toMatchObject([{ from: '0x0', to: zxid(5) }]);
  expect(rangeFindings(contents)[0]).toMatchObject({ code: 'LogHole', severity: 'error' });
});

test('a base whose own log has a gap is no base, and is named', () => {
  const broken = base(4, 12);
  const contents = timelineOf(1, { bases: [broken], segments: [segment(0, 8), segment(10, 20)] });
  expect(restorableRanges(contents)).toEqual([]);
  const findings = rangeFindings(contents);
  expect(findings).toContainEqual(expect.objectContaining({ key: broken.key, severity: 'error' }));
  expect(findings.map(({ message }) => message).join('\n')).toContain(
    `the transactions after ${zxid(8)} up to ${zxid(10)} are missing: they are in no object, and no reason is recorded`,
  );
});

test('a hole says what the writer wrote of it, and which object was expected', () => {
  const lost = segment(5, 9);
  const contents = timelineOf(1, {
    bases: [base(0, 0)],
    segments: [segment(0, 5), segment(9, 12)],
    holes: [
      { after: zxid(6), upTo: zxid(7), reason: 'leader changed', at: '2026-02-01T00:00:00Z' },
      { after: zxid(1), upTo: zxid(2), reason: 'filled since', at: '2026-02-01T00:00:00Z' },
    ],
    findings: [
      { code: 'ObjectDamaged', severity: 'error', key: lost.key, message: 'other checksum' },
    ],
  });
  const [hole] = rangeFindings(contents);
  expect(hole?.message).toBe(
    `the transactions after ${zxid(5)} up to ${zxid(9)} are missing: leader changed (found 2026-02-01T00:00:00Z); ${lost.key} is damaged: other checksum`,
  );
});

test('the end that is known of and lost is a hole too', () => {
  const contents = timelineOf(1, {
    ...{ bases: [base(0, 0)], segments: [segment(0, 5)], sealedUpTo: zxid(9) },
  });
  expect(rangeFindings(contents)).toMatchObject([
    { code: 'LogHole', severity: 'error', message: expect.stringContaining(`up to ${zxid(9)}`) },
  ]);
});

test('what retention left out after a single base that it kept is told, and no error', () => {
  const contents = timelineOf(1, {
    bases: [base(2, 4, 1), base(20, 21, 2)],
    ...{ segments: [segment(1, 5), segment(19, 30)], sealedUpTo: zxid(30) },
  });
  expect(restorableRanges(contents)).toMatchObject([
    { from: zxid(4), to: zxid(5) },
    { from: zxid(21), to: zxid(30) },
  ]);
  expect(rangeFindings(contents)).toMatchObject([{ code: 'LogHole', severity: 'warning' }]);
  // What was never sealed no retention takes.
  expect(rangeFindings({ ...contents, sealedUpTo: zxid(5) })).toMatchObject([
    { code: 'LogHole', severity: 'error' },
  ]);
});

test('the end of what was there is missed, and is not what latest comes to', () => {
  const contents = timelineOf(1, {
    ...{ bases: [base(0, 0)], segments: [segment(0, 5)], sealedUpTo: zxid(5) },
    durableUpTo: zxid(9),
  });
  expect(rangeFindings(contents)).toMatchObject([
    {
      code: 'LogHole',
      severity: 'error',
      message: expect.stringContaining('there once') as string,
    },
  ]);
  expect(newestKnown(contents)).toBe(zxid(9));
});

test('a range is shown from the time of its base to the greatest in it, whatever the order of the clocks', () => {
  const clocks = { zxids: history.zxids, timesMs: history.timesMs.slice() };
  clocks.timesMs[7] = 5;
  clocks.timesMs[8] = Date.parse('2030-01-01T00:00:00Z');
  const contents = timelineOf(1, {
    bases: [baseOf(clocks, 1, [1, 2], 0)],
    segments: [objectOf(clocks, 1, [0, 5], 'log')],
    pieces: [objectOf(clocks, 1, [5, 10], 1)],
  });
  expect(restorableRanges(contents)).toMatchObject([
    { fromMs: clocks.timesMs[2], toMs: clocks.timesMs[8] },
  ]);
});
