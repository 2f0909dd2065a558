/** Where a base does not read, the older ones that lead to the same moment come in turn, and no others. */
import fc from 'fast-check';
import { chooseExtraction } from '../../../src/planning/backup/chooseExtraction';
import type { Extraction, ListedBase } from '../../../src/planning/backup/contents';
import { fromOlderBase } from '../../../src/planning/backup/leadingBases';
import { zxidText } from '../../../src/model/zxid';
import {
  anyWorld,
  baseOf,
  ensembleOf,
  objectOf,
  plainHistory,
  replay,
  restorableCounts,
  timelineOf,
  upTo,
} from './randomTimelines';
import { randomRuns } from '../../support/randomRuns';

const history = plainHistory(30);
const base = (from: number, to: number, id: number): ListedBase =>
  baseOf(history, 1, [from, to], id);

type Contents = ReturnType<typeof ensembleOf>;

/** From the one that is chosen to the oldest. */
function inTurn(contents: Contents, zxid: string): Extraction[] {
  const choice = chooseExtraction(contents, { kind: 'zxid', zxid });
  const found: Extraction[] = [];
  let next: Extraction | undefined = choice.kind === 'chosen' ? choice.extraction : undefined;
  for (; next !== undefined; next = fromOlderBase(contents, next)) found.push(next);
  return found;
}

test('each base from which the log is whole comes once, the newest first, and restores the same', () => {
  fc.assert(
    fc.property(anyWorld(), (world) => {
      const contents = ensembleOf(world.contents);
      for (const count of restorableCounts(world)) {
        const turns = inTurn(contents, zxidText(world.history.zxids[count]!));
        const leading = world.contents.bases.filter((one) =>
          restorableCounts({ ...world, contents: { ...world.contents, bases: [one] } }).has(count),
        );
        expect(turns.map((turn) => turn.base.key).sort()).toEqual(
          leading.map(({ key }) => key).sort(),
        );
        for (const turn of turns) expect(replay(world.history, turn)).toEqual(upTo(count));
        const from = turns.map((turn) => BigInt(turn.base.usableFrom));
        expect(from).toEqual([...from].sort((a, b) => (a > b ? -1 : a < b ? 1 : 0)));
      }
    }),
    randomRuns(100),
  );
});

describe('bases that stand alone', () => {
  const standing = (id: number, given: Partial<ListedBase> = {}): ListedBase => ({
    ...base(10, 10, id),
    ...{ source: 'logical' as const, ...given },
  });
  const keysOf = (bases: ListedBase[]): string[] => {
    const segments = [objectOf(history, 1, [2, 20], 'log')];
    const contents = ensembleOf(timelineOf(1, { bases, segments }));
    return inTurn(contents, zxidText(history.zxids[10]!)).map((turn) => turn.base.id);
  };

  test('take the place of none with a log: they know less', () => {
    expect(keysOf([standing(1), base(2, 4, 2), base(6, 8, 3)])).toEqual(['00000003', '00000002']);
  });

  test('take the place of their own kind, unless what they were read from is less', () => {
    const fuzzy = { readFrom: zxidText(history.zxids[7]!) };
    const later = { takenAt: '2026-03-01T00:00:00.000Z' };
    expect(keysOf([standing(1), standing(2, later)])).toEqual(['00000002', '00000001']);
    expect(keysOf([standing(1, fuzzy), standing(2, later)])).toEqual(['00000002']);
    expect(keysOf([standing(1, { source: 'admin' }), standing(2, later)])).toEqual(['00000002']);
  });
});
