/** Random resizes by files, there and back, while leaders die and any is elected that could be. */
import fc from 'fast-check';
import { runsOf, SEED } from '../../support/randomRuns';
import { errorsOf } from './ensembles';
import { anyCase, askedIn, type Case } from './randomResizes';
import { LeadRun, type Moves } from './resizeLeadRun';
import { planFor } from './resizePlans';

const RUNS = runsOf(100);

const anyMoves: fc.Arbitrary<Moves> = fc.record({
  everySteps: fc.integer({ min: 1, max: 40 }),
  deaths: fc.nat(4),
  everyHold: fc.integer({ min: 10, max: 200 }),
  elected: fc.array(fc.nat(8), { minLength: 1, maxLength: 6 }),
});

test('wherever the lead moves, nobody could elect without what was acknowledged', () => {
  let back = 0;
  fc.assert(
    fc.property(anyCase, anyMoves, (one, moves) => {
      const end = thereAndBack(one, moves);
      fc.pre(end !== undefined);
      if (end.endsWith('done')) back += 1;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // A few are held: who died was needed.
  expect(back).toBeGreaterThan(RUNS * 0.995);
});

describe('found by it, on 3.4', () => {
  const on34 = { version: '3.4.14' as const, reconfig: false, down: [], again: 0 };

  test.each<[string, Case, Moves]>([
    [
      'from six to five the one that goes stops before all but the leader have the list of five',
      {
        ...{ ...on34, voters: 6, observers: 1, spares: 0, leader: 0, point: 0.1814516129032258 },
        wants: ['stay', 'turn', 'stay', 'leave', 'leave', 'stay', 'leave', 'stay', 'stay'],
      },
      { everySteps: 11, deaths: 2, everyHold: 200, elected: [0] },
    ],
  ])('%s', (_what, one, moves) => {
    expect(thereAndBack(one, moves)).toMatch(/done$/);
  });
});

/** How it ended; undefined where nothing is asked for, or the plan is refused. */
function thereAndBack(one: Case, moves: Moves): string | undefined {
  const asked = askedIn({ ...one, down: [], reconfig: false });
  if (Object.values(asked.request).every((list) => list.length === 0)) return undefined;
  const plan = planFor(asked.facts, asked.request, { candidates: asked.candidates });
  if (errorsOf(plan).length > 0) return undefined;
  return new LeadRun(plan, asked, moves).thereAndBack(one.point);
}
