/** Rules of a migration by stretching: those of a resize, with clients that are led over in between. */
import type { Plan } from '../../../src/model/plan';
import { askedBy, migrationInput, targetOf, type RunState } from '../state';
import { readiness } from './moveBeside';
import { resizeRules, stoppedBy } from './resize';
import type { StrategyRules } from './types';

export const stretchRules: StrategyRules = {
  ...resizeRules,
  noun: 'migration',
  title: 'migration',
  whilePauseWaits: ', and no even number of voters is left',
  nothingToDo: 'the ensemble is there already: nothing to do',
  wayBackNote:
    'Going back stays possible until gate complete, writes made on the new side included.',

  plan: (state, activities) =>
    activities.planMigration({ ...askedBy(state), input: migrationInput(state)! }),
  replan: (state, activities, plan, done) =>
    activities.replanMigration({ ...askedBy(state), input: migrationInput(state)!, plan, done }),
  planBack: (state, activities, forward) =>
    activities.planMigrationBack({
      ...targetOf(state),
      input: migrationInput(state)!,
      plan: forward,
      begun: begunOf(state, forward),
      stopped: stoppedBy(state, forward),
    }),

  // Nobody's membership is at stake where clients are led, nor at the end.
  whyReplan: (state, plan, step, seen) =>
    step.membership === undefined ? undefined : resizeRules.whyReplan(state, plan, step, seen),

  beside: { readiness },

  wayBack: (state) =>
    state.finalized
      ? { possible: false, reason: whyOver(state) }
      : {
          possible: true,
          reason: `clients would be led back, and ${resizeRules.wayBack(state).reason}`,
        },

  outcomeLines: (state) => [
    ...redirectedLines(state),
    ...resizeRules
      .outcomeLines(state)
      .filter((line) => !line.includes('the inventory is as it was')),
    `  the inventory is as it was: ${state.forwardPlan?.migration?.target ?? 'the target'} is where the ensemble is once the run has completed`,
  ],
};

export const begunOf = (state: RunState, { steps }: Plan): string[] =>
  steps.filter(({ id }) => state.steps[id]?.startedAt !== undefined).map(({ id }) => id);

export const whyOver = ({ forwardPlan }: RunState): string =>
  `gate complete was passed: ${forwardPlan?.migration?.source ?? 'the old side'} is retired; migrate in the other direction instead`;

export function redirectedLines(state: RunState): string[] {
  const steps = (state.forwardPlan?.steps ?? []).filter(({ clients }) => clients !== undefined);
  const done = steps.filter(({ id }) => state.steps[id]?.state === 'done');
  const count = (some: typeof steps) =>
    some.reduce((sum, { clients = [] }) => sum + clients.length, 0);
  return steps.length === 0
    ? ['  no clients are in the inventory: whoever uses the ensemble must be led over by others']
    : [`  clients led over: ${count(done)} of ${count(steps)}`];
}
