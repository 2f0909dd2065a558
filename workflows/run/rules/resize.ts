/** Rules of a resize: who belongs to the ensemble, by the run's own doing or by somebody else's. */
import type { Observation } from '../../../activities/api';
import type { ResizeEnsembleInput } from '../../../src/model/inputs';
import type { MembershipNames, PlanStep, StepActivity } from '../../../src/model/plan';
import { statusOf, targetOf, turnOf, type RunState } from '../state';
import type { StrategyRules } from './types';

const inputOf = (state: RunState): ResizeEnsembleInput => state.input as ResizeEnsembleInput;

const all = ({ voters, observers }: MembershipNames): string[] => [...voters, ...observers];

const same = (a: MembershipNames, b: MembershipNames): boolean =>
  sorted(a.voters) === sorted(b.voters) && sorted(a.observers) === sorted(b.observers);
const sorted = (names: readonly string[]): string => [...names].sort().join(' ');

const changing: readonly StepActivity[] = [
  'provisionServer',
  'startServer',
  'changeMembers',
  'stopServer',
  'writeMembers',
  'wipeServer',
];

/** Steps at which another order may be due, or another plan, because somebody else has acted. */
const decisive: readonly StepActivity[] = ['provisionServer', 'changeMembers'];

export const resizeRules: StrategyRules = {
  noun: 'resize',
  title: 'resize',
  nothingToDo: 'the members are already as asked for: nothing to do',
  wayBackNote: 'Going back stays possible to the end.',

  plan: (state, activities) => activities.planResize({ ...targetOf(state), input: inputOf(state) }),
  replan: (state, activities, plan, done) =>
    activities.replanResize({ ...targetOf(state), input: inputOf(state), plan, done }),
  planBack: (state, activities, forward) =>
    activities.planResizeBack({
      ...targetOf(state),
      input: inputOf(state),
      former: forward.members?.before ?? { voters: [], observers: [] },
    }),

  looksFirst: (state, step) =>
    decisive.includes(step.activity) ||
    ((step.activity === 'drainNode' || step.activity === 'stopServer') && turnBegins(state, step)),

  whyReplan(state, _plan, step, seen) {
    if (step.membership && seen.members && isForeign(step, seen.members))
      return `somebody else has changed the members: ${membersText(seen.members)}`;
    return whyAnotherOrder(state, step, seen);
  },

  /** Members before and after the change; the one that comes or goes is looked at by its own steps. */
  expectServing(state, step) {
    const down = (state.forwardPlan ?? state.plan)?.notServing ?? [];
    const members = step.membership
      ? all(step.membership.before).filter((server) => all(step.membership!.after).includes(server))
      : (state.members ?? []);
    return members.filter((server) => !down.includes(server));
  },

  touch(state, step) {
    if (!step.membership) return;
    if (changing.includes(step.activity) && state.plan?.direction === 'forward') {
      const entry = { server: step.server ?? '', from: 'before', to: turnOf(step) };
      if (!state.touched.some(({ server, to }) => server === entry.server && to === entry.to))
        state.touched.push({ ...entry, upgraded: false });
    }
    const { before, after } = step.membership;
    state.members = [...new Set([...all(before), ...all(after)])];
  },

  settle(state, step) {
    // From here on nobody asks it any more.
    if (step.activity === 'stopServer' && step.guard.kind === 'leaverMayStop' && step.membership)
      state.members = all(step.membership.after);
  },

  wayBack: (state) => ({
    possible: true,
    reason: `the members would be ${membersText((state.forwardPlan ?? state.plan)?.members?.before)} again, by one change after the other`,
  }),

  outcomeLines(state) {
    const { before } = (state.forwardPlan ?? state.plan)?.members ?? {};
    const clients = state.clients ?? [];
    return [
      `  members before: ${membersText(before)}`,
      `  members now:    ${membersText(state.observation?.members)}`,
      ...(clients.length > 0
        ? [
            `  still connected to leavers when these stopped: ${clients.map(({ session, address, server }) => `${session} from ${address} (${server})`).join(', ')}`,
          ]
        : []),
      '  the inventory is as it was: mark those that joined as members, those that left as spares',
    ];
  },
};

const isForeign = ({ membership }: PlanStep, seen: MembershipNames): boolean =>
  membership !== undefined && !same(seen, membership.before) && !same(seen, membership.after);

function whyAnotherOrder(state: RunState, step: PlanStep, seen: Observation): string | undefined {
  if (seen.leader === undefined || step.server === undefined) return undefined;
  const leads = seen.leader === step.server;
  const isRoll = step.activity === 'drainNode' || step.guard.kind === 'serverMayStop';
  if (isRoll && step.role === 'leader' && !leads)
    return `${step.server} no longer leads, ${seen.leader} does`;
  if (isRoll && step.role !== 'leader' && leads && step.role !== undefined)
    return `${step.server} leads now, and the leader comes last`;
  const laterLeaver = (state.plan?.steps ?? []).some(
    (other) =>
      other.activity === 'changeMembers' &&
      other.phase === 'leave' &&
      other.id !== step.id &&
      statusOf(state, other).state === 'pending',
  );
  if (step.activity === 'changeMembers' && step.phase === 'leave' && leads && laterLeaver)
    return `${step.server} leads now, and the leader leaves last`;
  return undefined;
}

const turnBegins = (state: RunState, step: PlanStep): boolean =>
  !(state.plan?.steps ?? []).some(
    (other) => turnOf(other) === turnOf(step) && statusOf(state, other).state !== 'pending',
  );

const membersText = (members: MembershipNames | undefined): string =>
  members === undefined
    ? 'unknown'
    : `${members.voters.join(', ')}${members.observers.length > 0 ? `, observers ${members.observers.join(', ')}` : ''}`;
