/** Plans of resizes for random ensembles and goals, run step by step on what they would do, and taken back half-way. */
import fc from 'fast-check';
import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import type { ResizeEnsembleRequest } from '../../../src/model/inputs';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { planResizeBack } from '../../../src/planning/resize/resizePlan';
import { runsOf, SEED } from '../../support/randomRuns';
import { errorsOf } from './ensembles';
import { FilesSimulation } from './filesSimulation';
import { anyCase, askedIn, type Case } from './randomResizes';
import { inputOf, planFor } from './resizePlans';
import { runThrough } from './resizeRun';

const RUNS = runsOf(200);

test('no plan that is not refused stops two servers at once, or leaves fewer in step than a quorum', () => {
  let planned = 0;
  fc.assert(
    fc.property(anyCase, (one) => {
      const outcome = planAndRun(one);
      fc.pre(outcome !== 'nothing asked for');
      if (outcome === 'planned') planned += 1;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(planned).toBeGreaterThan(RUNS / 50);
});

describe('found by it, on 3.4', () => {
  const five = { voters: 5, leader: 0, down: [], version: '3.4.14' as const, reconfig: false };

  test.each<[string, Case]>([
    [
      'a newcomer that votes already, though not by the list of the leader, goes before anybody restarts',
      {
        ...{ ...five, observers: 1, spares: 1, again: 1, point: 0.1918238993710692 },
        wants: ['leave', 'turn', 'stay', 'leave', 'stay', 'leave', 'stay', 'stay', 'stay'],
      },
    ],
    [
      'a newcomer that led and was stopped for its new list is no voter that is down: others come first',
      {
        ...{ ...five, observers: 1, spares: 1, again: 1, point: 0.820754716981132 },
        wants: ['leave', 'turn', 'stay', 'leave', 'stay', 'leave', 'stay', 'stay', 'stay'],
      },
    ],
    [
      'a newcomer that leads says who the members are, though most of the others say otherwise',
      {
        ...{ ...five, observers: 2, spares: 1, again: 1, point: 0.9065217391304348 },
        wants: ['stay', 'turn', 'leave', 'stay', 'turn', 'turn', 'turn', 'stay', 'stay'],
      },
    ],
    [
      'taken back while the others restart for a voter that was demoted, and one that came before it leads',
      {
        ...{ voters: 3, observers: 1, spares: 1, leader: 0, down: [], again: 0 },
        ...{ version: '3.4.14', reconfig: false, point: 0.525974025974026 },
        wants: ['stay', 'turn', 'stay', 'leave', 'stay', 'stay', 'stay', 'stay', 'stay'],
      },
    ],
  ])('%s', (_what, one) => {
    expect(planAndRun(one)).toBe('planned');
  });
});

type Outcome = 'planned' | 'refused' | 'nothing asked for';

/** Plans what is asked for, runs it, and, by files, takes it back half-way. */
function planAndRun(one: Case): Outcome {
  const { facts, request, candidates, serving } = askedIn(one);
  if (Object.values(request).every((list) => list.length === 0)) return 'nothing asked for';
  const plan = planFor(facts, request, { candidates });
  if (errorsOf(plan).length > 0) return 'refused';
  runThrough(plan, facts, serving);
  if (!facts.reconfigEnabled) runByFiles(plan, facts, request, candidates, serving, one);
  return 'planned';
}

/** To the end; then as far as `point`, from where it is taken back; then the same with a way back that is planned anew. */
function runByFiles(
  plan: Plan,
  facts: EnsembleFacts,
  request: Omit<ResizeEnsembleRequest, 'ensemble'>,
  candidates: readonly ServerFacts[],
  serving: string[],
  { point, again }: Pick<Case, 'point' | 'again'>,
): void {
  const { before, after } = plan.members!;
  const start = () =>
    new FilesSimulation([...facts.servers, ...candidates], facts, before, serving);
  const whole = start();
  whole.run(plan);
  expect(namesIn(whole.agreed)).toEqual(namesIn(after));

  // One that was down before cannot be brought back by the run.
  if (serving.length < facts.servers.length) return;
  const done = upTo(point, plan);
  for (const share of new Set([1, again])) {
    const ensemble = start();
    ensemble.run(plan, done);
    const back = planBackFrom(done);
    const begun = upTo(share, back);
    const rest = (): Plan => planBackFrom([...done, ...begun]);
    const plans = [back];
    // What is found does not hold it up: each of its steps has a guard.
    try {
      ensemble.run(back, begun);
      if (share < 1) ensemble.run(plans[plans.push(rest()) - 1]!);
      expect(namesIn(ensemble.agreed)).toEqual(namesIn(before));
      expect(ensemble.down).toEqual([]);
    } catch (error) {
      const steps = plans.map(({ steps: own }) => own.map(({ id }) => id).join('\n'));
      throw new Error(
        `back from ${done.at(-1)?.id}, again from ${begun.at(-1)?.id}: ${(error as Error).message}\n${steps.join('\n\n')}`,
      );
    }

    function planBackFrom(steps: readonly PlanStep[]): Plan {
      const now = ensemble.look(facts);
      return planResizeBack(now.facts, before, inputOf(request), {
        margin: 0,
        candidates: now.others,
        stopped: stoppedIn(steps),
      });
    }
  }
}

const upTo = (share: number, { steps }: Plan): PlanStep[] =>
  steps.slice(0, Math.round(share * steps.length));

const namesIn = (list?: { voters: readonly string[]; observers: readonly string[] }) =>
  list && { voters: [...list.voters].sort(), observers: [...list.observers].sort() };

const stoppedIn = (done: readonly PlanStep[]): string[] =>
  done.flatMap(({ activity, server, role }, index) => {
    if (activity !== 'stopServer') return [];
    const isBack = done
      .slice(index)
      .some((later) => later.activity === 'startServer' && later.server === server);
    return role === 'leaver' || !isBack ? [server!] : [];
  });
