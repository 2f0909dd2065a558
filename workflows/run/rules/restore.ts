/** Rules of a restore: a whole ensemble that is stopped meanwhile, or a subtree written into a living one. */
import type { RestoreBackupInput } from '../../../src/model/backupInputs';
import type { Plan, PlanStep } from '../../../src/model/plan';
import type { RunState } from '../state';
import type { StrategyRules } from './types';

const inputOf = (state: RunState): RestoreBackupInput =>
  state.input as unknown as RestoreBackupInput;

/** Servers whose data were exchanged, or may have been. */
const isTouching = ({ activity }: PlanStep): boolean => activity === 'haltServer';

const isSubtree = (plan: Plan | undefined): boolean => plan?.restore?.subtree !== undefined;

export const restoreRules: StrategyRules = {
  noun: 'restore',
  title: 'restore',
  nothingToDo: 'nothing to restore',
  wayBackNote:
    'Going back puts the present data back and starts the servers on them; what clients write to the restored ensemble is lost then.',

  /** Above every lock that the ensemble gave before, and below every one it gives afterwards. */
  generationOf: ({ restore }) =>
    restore === undefined || restore.subtree !== undefined
      ? undefined
      : restore.startZxid.slice(2).padStart(16, '0'),

  plan: (state, activities) => activities.planRestore({ input: inputOf(state) }),
  async replan(state, activities, plan) {
    const fresh = await activities.planRestore({
      input: inputOf(state),
      ...(plan.restore && { point: plan.restore }),
    });
    const changed = fresh.plan.hash !== plan.hash;
    return {
      ...fresh,
      changed,
      reason: changed ? 'the ensemble has changed' : 'nothing has changed',
      meaningChanged: changed,
    };
  },
  async planBack(state, activities, forward) {
    if (forward.restore === undefined)
      return { possible: false, reason: 'nothing was planned yet' };
    return activities.planRestoreBack({
      input: inputOf(state),
      point: forward.restore,
      touched: state.touched.map(({ server }) => server),
      served: servedBefore(forward),
    });
  },

  looksFirst: () => false,
  whyReplan: () => undefined,
  plansAnewAfterHold: false,
  beforeReplan: () => undefined,

  expectServing(state) {
    const plan = state.forwardPlan ?? state.plan;
    if (plan === undefined) return [];
    return state.plan?.direction === 'rollback' ? servedBefore(plan) : membersOf(plan);
  },

  touch(state, step) {
    if (!isTouching(step) || step.server === undefined || state.plan?.direction !== 'forward')
      return;
    if (state.touched.some(({ server }) => server === step.server)) return;
    const version = step.fromVersion ?? '';
    state.touched.push({ server: step.server, from: version, to: version, upgraded: false });
  },
  settle: () => undefined,

  whyUnfinished: () => undefined,

  wayBack: (state) =>
    isSubtree(state.forwardPlan ?? state.plan)
      ? {
          possible: false,
          reason:
            'what was written into the living ensemble stays; restore again, to another moment',
        }
      : {
          possible: true,
          reason: `${state.touched.map(({ server }) => server).join(', ')} would be stopped and started on the data they had; what clients wrote since is lost`,
        },

  outcomeLines(state) {
    const point = (state.forwardPlan ?? state.plan)?.restore;
    if (point === undefined) return [];
    return [
      `  ${point.from} as of ${point.zxid}${point.time === undefined ? '' : ` (${point.time})`}, out of ${point.shown}, started from ${point.startZxid}`,
      ...(state.touched.length > 0 && !isSubtree(state.forwardPlan)
        ? [`  the data there were before are kept on every server, beside the new`]
        : []),
    ];
  },
};

const membersOf = ({ steps }: Plan): string[] =>
  steps.filter(isTouching).map(({ server }) => server ?? '');

/** All members but those that were down when the run was planned. */
const servedBefore = (plan: Plan): string[] =>
  membersOf(plan).filter((server) => !(plan.notServing ?? []).includes(server));
