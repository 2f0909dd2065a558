/** Rules of a migration whose two sides are ensembles of their own: physical and logical. */
import type { Target } from '../../../activities/api';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { askedBy, migrationInput, targetOf, type RunState } from '../state';
import { sideServerLines } from '../sideServers';
import { closed, opened, outageText, provesOpen } from './outages';
import { besideOf } from './moveBeside';
import { begunOf, redirectedLines, whyOver } from './stretch';
import type { StrategyRules } from './types';

/** From here on a way back has something to take back. */
const isTouching = ({ activity }: PlanStep): boolean =>
  activity === 'fenceServers' || activity === 'copyTrees' || activity === 'redirectClients';

export const moveRules: StrategyRules = {
  noun: 'migration',
  title: 'migration',
  whilePauseWaits: ', and one side serves',
  nothingToDo: 'nothing to migrate',
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
      opened: state.openedAt !== undefined,
      // On the way back the point is that of the other side.
      ...(state.point && forward === state.plan && { startZxid: state.point.startZxid }),
    }),

  alsoHolds: ({ migration }) =>
    migration?.targetIdentity === undefined ? [] : [migration.targetIdentity],
  looksFirst: () => false,
  whyReplan: () => undefined,
  plansAnewAfterHold: () => false,
  beforeReplan: () => undefined,
  expectServing: (state, step) =>
    step.side === 'target'
      ? (state.forwardPlan?.migration?.newServers ?? [])
      : (state.forwardPlan?.migration?.oldServers ?? []),

  touch(state, step) {
    if (!isTouching(step) || state.touched.length > 0) return;
    for (const server of state.forwardPlan?.migration?.oldServers ?? [])
      state.touched.push({ server, from: '', to: '', upgraded: false });
  },
  turnsBackOn: (state) =>
    state.steps['fenceServers/source']?.startedAt !== undefined && state.openedAt === undefined,
  settle(state, step) {
    const { side } = step;
    if (step.activity === 'fenceServers' && side !== undefined && state.fencedAt !== undefined)
      closed(state, side, state.fencedAt);
    if (side === undefined || !provesOpen(state, step)) return;
    const at = new Date().toISOString();
    opened(state, side, at);
    if (state.plan?.direction === 'forward') state.openedAt = at;
  },
  alsoBeforeHold: () => [],
  whyUnfinished: () => undefined,

  wayBack(state) {
    if (state.finalized) return { possible: false, reason: whyOver(state) };
    const { source = 'the old side', target = 'the new side' } = state.forwardPlan?.migration ?? {};
    const { mode, fence } = migrationInput(state)!;
    if (mode === 'logical' && fence === 'none' && state.openedAt !== undefined)
      return {
        possible: false,
        reason: `${target} has opened, and ${source}, which was never closed, takes writes of its own: nothing is brought back; go on (resume), or migrate in the other direction afterwards`,
      };
    return {
      possible: true,
      reason:
        state.openedAt === undefined
          ? `${source} would be opened again as it is`
          : `${target} would be closed, what was written to it brought back, and ${source} opened again`,
    };
  },

  beside: besideOf,
  targetOfStep: (state, step) => sideOf(state, step.side),
  probed: (state) => sideOf(state, servingSide(state)),

  outcomeLines(state) {
    const { point, leftSessions } = state;
    return [
      ...redirectedLines(state),
      ...(point === undefined ? [] : [`  moved as of ${point.zxid}, out of ${point.shown}`]),
      ...(state.outages ?? []).map((outage) => `  ${outageText(outage, state)}`),
      ...(leftSessions === undefined
        ? []
        : [`  sessions ended with the old side, on purpose: ${leftSessions.count}`]),
      ...sideServerLines(state),
    ];
  },
};

function sideOf(state: RunState, side: PlanStep['side']): Target {
  const { source, target } = migrationInput(state)!;
  return { ensemble: side === 'target' ? target : source };
}

/** Where a write can be acknowledged, or is going to be next. */
function servingSide({ plan, steps, forwardPlan }: RunState): 'source' | 'target' {
  const begun = (some: Plan | undefined, activity: PlanStep['activity'], side: string): boolean =>
    some?.steps.some(
      (step) =>
        step.activity === activity && step.side === side && steps[step.id]?.startedAt !== undefined,
    ) ?? false;
  const forth =
    begun(forwardPlan, 'startEnsemble', 'target') || begun(forwardPlan, 'openNewSide', 'target');
  if (plan?.direction !== 'rollback') return forth ? 'target' : 'source';
  const back = begun(plan, 'startEnsemble', 'source') || begun(plan, 'liftFence', 'source');
  return forth && !back ? 'target' : 'source';
}
