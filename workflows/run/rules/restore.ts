/** Rules of a restore: a whole ensemble that is stopped meanwhile, or a subtree written into a living one. */
import type { RestoreBackupInput } from '../../../src/model/backupInputs';
import type { Plan, PlanStep } from '../../../src/model/plan';
import type { RunState } from '../state';
import type { StrategyRules } from './types';

const inputOf = (state: RunState): RestoreBackupInput =>
  state.input as unknown as RestoreBackupInput;

const isTouching = ({ activity }: PlanStep): boolean => activity === 'haltServer';

const isSubtree = (plan: Plan | undefined): boolean => plan?.restore?.subtree !== undefined;

export const restoreRules: StrategyRules = {
  noun: 'restore',
  title: 'restore',
  whilePauseWaits:
    ': all of them are stopped, get the data and are started first; rollback turns back at once',
  nothingToDo: 'nothing to restore',
  wayBackNote:
    'Going back puts the present data back and starts the servers on them; what clients write to the restored ensemble is lost then.',

  generationOf: ({ restore }, startedAt) =>
    restore === undefined || restore.subtree !== undefined
      ? undefined
      : `${restore.startZxid.slice(2).padStart(16, '0')}-${Date.parse(startedAt)}`,

  plan: (state, activities) =>
    activities.planRestore({ input: inputOf(state), run: state.identity }),
  async replan(state, activities, plan) {
    const fresh = await activities.planRestore({
      input: inputOf(state),
      run: state.identity,
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
      done: {
        stopped: stoppedBy(state),
        exchanged: exchangedBy(state, forward),
        served: servedBefore(forward),
      },
    });
  },

  looksFirst: () => false,
  whyReplan: () => undefined,
  plansAnewAfterHold: () => false,
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
  // Every member has its data by then: whoever can serve is not to wait for one that does not start.
  alsoBeforeHold: ({ steps }, failed) =>
    failed.activity === 'startServer'
      ? steps.filter(({ activity }) => activity === 'startServer')
      : [],

  whyUnfinished: () => undefined,

  wayBack(state) {
    const forward = state.forwardPlan ?? state.plan;
    if (isSubtree(forward))
      return {
        possible: false,
        reason: 'what was written into the living ensemble stays; restore again, to another moment',
      };
    const stopped = stoppedBy(state).join(', ');
    return {
      possible: true,
      reason:
        forward !== undefined && exchangedBy(state, forward).length > 0
          ? `${stopped} would be stopped and started on the data they had; what clients wrote since is lost`
          : `${stopped} would be started again; no data have been exchanged yet`,
    };
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

const stoppedBy = ({ touched }: RunState): string[] => touched.map(({ server }) => server);

/** Whose data were set aside, or may have been. */
const exchangedBy = ({ steps }: RunState, forward: Plan): string[] =>
  forward.steps
    .filter(({ id, activity }) => activity === 'setAsideData' && steps[id]?.startedAt !== undefined)
    .map(({ server }) => server ?? '');

const membersOf = ({ steps }: Plan): string[] =>
  steps.filter(isTouching).map(({ server }) => server ?? '');

/** All members but those that were down when the run was planned. */
const servedBefore = (plan: Plan): string[] =>
  membersOf(plan).filter((server) => !(plan.notServing ?? []).includes(server));
