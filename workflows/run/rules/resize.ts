/** Rules of a resize: who belongs to the ensemble, by the run's own doing or by somebody else's. */
import type { Observation } from '../../../activities/api';
import type { ResizeEnsembleInput } from '../../../src/model/inputs';
import type { MembershipNames, Plan, PlanStep, StepActivity } from '../../../src/model/plan';
import { countsStrangers } from '../../../src/planning/resize/changeSteps';
import { isBringBack, isHandOver } from '../../../src/planning/resize/steps';
import { askedBy, serversDown, statusOf, targetOf, turnOf, type RunState } from '../state';
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
  whilePauseWaits: '',
  nothingToDo: 'the members are already as asked for: nothing to do',
  wayBackNote: 'Going back stays possible to the end.',

  plan: (state, activities) => activities.planResize({ ...askedBy(state), input: inputOf(state) }),
  replan: (state, activities, plan, done) =>
    activities.replanResize({ ...askedBy(state), input: inputOf(state), plan, done }),
  planBack: (state, activities, forward) =>
    activities.planResizeBack({
      ...targetOf(state),
      input: inputOf(state),
      former: forward.members?.before ?? { voters: [], observers: [] },
      stopped: stoppedBy(state, forward),
    }),

  // Forward, who is down by this run's hand would be taken for one that has failed, and left out of another plan.
  plansAnewAfterHold: (state) =>
    state.plan?.direction === 'rollback' || serversDown(state).length === 0,
  looksFirst: (state, step) =>
    decisive.includes(step.activity) ||
    ((step.activity === 'drainNode' || step.activity === 'stopServer') && turnBegins(state, step)),

  whyReplan(state, _plan, step, seen) {
    if (step.membership && seen.members && isForeign(step, seen.members))
      return `somebody else has changed the members: ${membersText(seen.members)}`;
    return whyAnotherOrder(state, step, seen);
  },

  /** A leaver may come to lead again after it has handed over once. */
  beforeReplan(state) {
    const leader = state.observation?.leader;
    for (const step of state.plan?.steps ?? [])
      if (isHandOver(step) && step.server === leader) delete state.steps[step.id];
  },

  /** Members before and after the change; the one that comes or goes is looked at by its own steps. */
  expectServing(state, step) {
    const down = [...((state.forwardPlan ?? state.plan)?.notServing ?? []), ...goneIn(state)];
    const members = step.membership
      ? all(step.membership.before).filter((server) => all(step.membership!.after).includes(server))
      : (state.members ?? []);
    return members.filter((server) => !down.includes(server));
  },

  alsoBeforeHold: () => [],
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

  whyUnfinished(state, plan) {
    const now = state.observation?.members;
    const wanted = plan.members?.after;
    return now === undefined || wanted === undefined || same(now, wanted)
      ? undefined
      : `the members are ${membersText(now)}, and were to be ${membersText(wanted)}`;
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

/** Down when the plan was made, and no member at its end: a newcomer that died and is taken back. */
function goneIn({ plan }: RunState): string[] {
  const { notServing = [], members } = plan ?? {};
  return notServing.filter((name) => members && !all(members.after).includes(name));
}

/** In the middle of a turn, since it leaves, or still to be brought back by a way back that is planned anew. */
export function stoppedBy(state: RunState, { steps }: Plan): string[] {
  const leavers = steps
    .filter(({ activity, role }) => activity === 'stopServer' && role === 'leaver')
    .filter((step) => ['running', 'done'].includes(statusOf(state, step).state))
    .map(({ server }) => server);
  const waiting = (state.plan?.steps ?? [])
    .filter((step) => step.activity === 'startServer' && isBringBack(step))
    .filter((step) => statusOf(state, step).state !== 'done')
    .map(({ server }) => server);
  return [...serversDown(state), ...waiting, ...leavers].filter((name) => name !== undefined);
}

const isForeign = ({ membership }: PlanStep, seen: MembershipNames): boolean =>
  membership !== undefined && !same(seen, membership.before) && !same(seen, membership.after);

function whyAnotherOrder(state: RunState, step: PlanStep, seen: Observation): string | undefined {
  if (seen.leader === undefined || step.server === undefined) return undefined;
  const leaver = leavingVoter(step);
  if (leaver !== undefined && seen.leader === leaver && isRollOfOther(step, leaver))
    return `${leaver} leads now, and is to leave: those with the new list would not find it`;
  if (leaver !== undefined && isRollOfOther(step, leaver) && isCountedUnlisted(state, step, seen))
    return `${seen.leader} leads by the list without ${leaver}, and counts it all the same: it stops before anybody else restarts`;
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

/** The voter that a change takes away. */
const leavingVoter = ({ membership }: PlanStep): string | undefined =>
  membership?.before.voters.find((name) => !membership.after.voters.includes(name));

/** Whether the voter that goes still votes, while the list of the leader, which up to 3.4 counts it, is the new one. */
function isCountedUnlisted(state: RunState, step: PlanStep, { members }: Observation): boolean {
  const leaver = leavingVoter(step);
  return (
    countsStrangers(step.toVersion ?? '3.5.0') &&
    members !== undefined &&
    same(members, step.membership!.after) &&
    (state.plan?.steps ?? []).some(
      (other) =>
        other.activity === 'stopServer' &&
        other.server === leaver &&
        !isHandOver(other) &&
        statusOf(state, other).state === 'pending',
    )
  );
}

const isRollOfOther = ({ id, server }: PlanStep, leaver: string): boolean =>
  id.includes('/roll/') && server !== leaver;

const turnBegins = (state: RunState, step: PlanStep): boolean =>
  !(state.plan?.steps ?? []).some(
    (other) => turnOf(other) === turnOf(step) && statusOf(state, other).state !== 'pending',
  );

const membersText = (members: MembershipNames | undefined): string =>
  members === undefined
    ? 'unknown'
    : `${members.voters.join(', ')}${members.observers.length > 0 ? `, observers ${members.observers.join(', ')}` : ''}`;
