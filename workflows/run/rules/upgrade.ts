/** Rules of a rolling upgrade: versions, and the way back below 3.5. */
import type { RollingUpgradeInput } from '../../../src/model/inputs';
import type { PlanStep } from '../../../src/model/plan';
import { statusOf, turnOf, type RunState } from '../state';
import type { StrategyRules } from './types';
import { whyReplan } from './upgradeOrder';

const inputOf = (state: RunState): RollingUpgradeInput => state.input as RollingUpgradeInput;

export const upgradeRules: StrategyRules = {
  noun: 'upgrade',
  title: 'rolling upgrade',
  whilePauseWaits: '',
  nothingToDo: 'every server runs the target version already: nothing to do',
  wayBackNote: 'Going back stays possible until gate finalize.',

  plan: (state, activities) =>
    activities.planUpgrade({
      ensemble: state.input.ensemble,
      input: inputOf(state),
      run: state.identity,
    }),
  replan: (state, activities, plan, done) =>
    activities.replanUpgrade({
      ensemble: state.input.ensemble,
      input: inputOf(state),
      run: state.identity,
      plan,
      done,
    }),
  planBack: (state, activities, forward) =>
    activities.planWayBack({
      ensemble: state.input.ensemble,
      input: inputOf(state),
      plan: forward,
      touched: state.touched,
      newFormatLed: state.newFormatLed,
    }),

  plansAnewAfterHold: () => false,
  looksFirst: (state, step) =>
    step.server !== undefined &&
    (step.activity === 'drainNode' || step.activity === 'stopServer') &&
    !(state.plan?.steps ?? []).some(
      (other) => turnOf(other) === turnOf(step) && statusOf(state, other).state !== 'pending',
    ),
  whyReplan,

  /** All that served when the plan was made, or came back since. */
  expectServing(state) {
    const plan = state.forwardPlan ?? state.plan;
    const back = new Set(
      state.touched.filter(({ upgraded }) => upgraded).map(({ server }) => server),
    );
    const down = (plan?.notServing ?? []).filter((server) => !back.has(server));
    return Object.keys(plan?.fromVersions ?? {}).filter((server) => !down.includes(server));
  },

  alsoBeforeHold: () => [],
  touch(state, step) {
    if (step.activity !== 'stopServer' || !step.server || state.plan?.direction !== 'forward')
      return;
    // Once it stops, a newer server may lead before anybody has looked.
    if (state.plan.steps.some((other) => other.pointOfNoReturn === true && sameTurn(other, step)))
      state.newFormatLed = true;
    const known = state.touched.some(
      ({ server, to }) => server === step.server && to === step.toVersion,
    );
    if (known) return;
    state.touched.push({
      server: step.server,
      from: step.fromVersion ?? '',
      to: step.toVersion ?? '',
      upgraded: false,
    });
  },

  settle(state, step) {
    if (step.activity !== 'verifyQuorum') return;
    if (state.plan?.direction === 'forward') {
      const entry = state.touched.find(
        ({ server, to }) => server === step.server && to === step.toVersion,
      );
      if (entry) entry.upgraded = true;
      return;
    }
    state.touched = state.touched.filter(
      ({ server, from }) => !(server === step.server && from === step.toVersion),
    );
  },

  beforeReplan: () => undefined,

  whyUnfinished: () => undefined,

  wayBack(state) {
    if (state.finalized)
      return {
        possible: false,
        reason:
          'gate finalize was passed: the upgrade is final, and what is new may be in use; start a new run towards another version instead',
      };
    const from = Object.values(state.forwardPlan?.fromVersions ?? state.plan?.fromVersions ?? {});
    if (
      state.touched.length > 0 &&
      state.newFormatLed &&
      from.some((version) => /^3\.[0-4]\./.test(version))
    )
      return {
        possible: false,
        reason:
          'a 3.5+ server has led, or may have: its logs can hold transactions that 3.4 cannot read, so going back below 3.5 could lose data; go forward instead (resume)',
      };
    return {
      possible: true,
      reason: `${state.touched.map(({ server }) => server).join(', ')} would go back one at a time, followers first, leader last`,
    };
  },

  outcomeLines: (state) =>
    Object.entries((state.forwardPlan ?? state.plan)?.fromVersions ?? {}).map(
      ([server, from]) =>
        `  ${server}: ${from} → ${state.observation?.versions[server] ?? 'unknown'}`,
    ),
};

const sameTurn = (a: PlanStep, b: PlanStep): boolean => turnOf(a) === turnOf(b);
