/** The steps a resize is made of, one maker each. Ids: `add/zk4/provisionServer`, `add/zk4/roll/zk2/stopServer`. */
import type { Phase, PlanStep, StepActivity } from '../../model/plan';
import { stepTimeoutMs, type Waits } from '../stepTimes';
import type { ChangeKind, MembershipChange } from './membershipPath';
import { namesOf, votersOf } from './membership';

export interface StepContext {
  direction: 'forward' | 'rollback';
  /** What every member runs, and joiners will. */
  version: string;
  waits: Waits;
  /** Whether there is anything to do before a stop: a drain hook or a time to wait. */
  drains: boolean;
}

const WORDS: Record<ChangeKind, string> = {
  addVoter: 'add',
  addObserver: 'add',
  promote: 'promote',
  demote: 'demote',
  removeVoter: 'remove',
  removeObserver: 'remove',
};

const none: PlanStep['guard'] = { kind: 'none' };

const isComing = ({ kind }: MembershipChange): boolean => /^(add|promote)/.test(kind);

export const changeId = ({ direction }: StepContext, { kind, server }: MembershipChange): string =>
  `${direction === 'rollback' ? 'rollback/' : ''}${WORDS[kind]}/${server}`;

function base(
  context: StepContext,
  change: MembershipChange,
  activity: StepActivity,
  server: string | undefined,
  turn = changeId(context, change),
) {
  const phase: Phase =
    context.direction === 'rollback' ? 'rollback' : isComing(change) ? 'join' : 'leave';
  return {
    id: `${turn}/${activity}`,
    phase,
    activity,
    ...(server !== undefined && { server }),
    role: isComing(change) ? 'joiner' : 'leaver',
    toVersion: context.version,
    membership: { before: namesOf(change.before), after: namesOf(change.after) },
  };
}

const sizeText = ({ after }: MembershipChange): string => `${votersOf(after).length} voters`;

/** Joins as an observer that no configuration names, so that nothing depends on it before it is proven. */
export const provisionServer = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'provisionServer', change.server),
  title: `provision ${change.server} with ${context.version}`,
  why: "its files are made from a member's own; it lists the present members, and itself as an observer",
  guard: none,
  undo: `${change.server} is stopped, and what was put there is removed`,
  waitsFor: 'package, directories, myid, configuration and service are in place',
  timeoutMs: stepTimeoutMs.install,
});

export const writeLearnerList = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'writeMembers', change.server),
  role: 'learner',
  title: `give ${change.server} the list of today`,
  why: 'it was a member before and is stopped; it lists the present members, and itself as an observer',
  guard: { kind: 'serverIsStopped', server: change.server },
  undo: 'none needed: it is stopped',
  waitsFor: 'the file is written',
  timeoutMs: stepTimeoutMs.configuration,
});

export const startJoiner = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'startServer', change.server),
  title: `start ${change.server} as a learner`,
  why: 'no member counts it: it only follows',
  guard: none,
  undo: `${change.server} is stopped`,
  waitsFor: 'its process runs',
  timeoutMs: stepTimeoutMs.start,
});

export const verifyJoiner = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'verifyJoiner', change.server),
  title: `prove ${change.server} is fit to join`,
  why: 'nothing is changed by looking',
  guard: none,
  undo: 'nothing to undo',
  waitsFor: `it serves ${context.version} in the leader's epoch, lists the members there are, no quorum of its own, and a write committed through it`,
  timeoutMs: stepTimeoutMs.verify(context.waits),
});

const TITLES: Record<ChangeKind, (server: string) => string> = {
  addVoter: (server) => `make ${server} a voter`,
  addObserver: (server) => `make ${server} an observer of the ensemble`,
  promote: (server) => `let the observer ${server} vote`,
  demote: (server) => `take the vote from ${server}`,
  removeVoter: (server) => `take ${server} out of the ensemble`,
  removeObserver: (server) => `take the observer ${server} out of the ensemble`,
};

export const changeMembers = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'changeMembers', change.server),
  title: `${TITLES[change.kind](change.server)} (${sizeText(change)})`,
  why: 'the ensemble itself commits the change, by quorums of the old members and of the new',
  guard: { kind: 'membersMayChange' },
  undo: 'the same request the other way round',
  waitsFor:
    'the configuration in force is the new one; a foreign change in between is noticed by its version',
  timeoutMs: stepTimeoutMs.verify(context.waits),
});

export const verifyMembers = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'verifyMembers', change.server),
  title: `prove that all agree on ${sizeText(change)}`,
  why: 'nothing is changed by looking',
  guard: none,
  undo: 'nothing to undo',
  waitsFor: 'every member serves with the new list in force, and a write has been committed',
  timeoutMs: stepTimeoutMs.verify(context.waits),
});

export const soakMember = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'soak', change.server),
  title: `watch ${change.server} as a member`,
  why: 'the next change is begun only after this one has stayed healthy',
  guard: none,
  undo: 'nothing to undo',
  waitsFor: `${context.waits.soakMs} ms in which it stays healthy`,
  timeoutMs: stepTimeoutMs.soak(context.waits),
});

export const redirectClients = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'redirectClients', change.server),
  title: `lead clients away from ${change.server}`,
  why: 'it still serves those that are connected, but belongs to nothing any more',
  guard: none,
  undo: 'nothing to undo',
  waitsFor:
    'the redirect hook, where there is one; who is still connected is reported by session and address',
  timeoutMs: stepTimeoutMs.drain(context.waits),
});

/** `isCounted`: the leader still counts it, listed or not, and whether it may stop is a question of quorum. */
export const stopLeaver = (
  context: StepContext,
  change: MembershipChange,
  isCounted: boolean,
): PlanStep => ({
  ...base(context, change, 'stopServer', change.server),
  title: `stop ${change.server}`,
  why: isCounted
    ? 'every voter that stays is in step, so that the leader, which still counts this one, does not need it'
    : 'no server counts it any more, and the others have just committed a write',
  guard: { kind: isCounted ? 'serverMayStop' : 'leaverMayStop', server: change.server },
  undo: `${change.server} is started again and made a member`,
  waitsFor: 'its process is gone; masked, so that nothing else starts it',
  timeoutMs: stepTimeoutMs.stop,
});

export const wipeServer = (context: StepContext, change: MembershipChange): PlanStep => ({
  ...base(context, change, 'wipeServer', change.server),
  title: `remove data and configuration of ${change.server}`,
  why: 'it is stopped and no member; the ensemble holds all that it held',
  guard: { kind: 'serverIsStopped', server: change.server },
  undo: 'none: to come back it is provisioned anew',
  waitsFor: 'its snapshots, logs, myid and configuration are gone; the configuration is kept aside',
  pointOfNoReturn: true,
  timeoutMs: stepTimeoutMs.install,
});

/** Whether the leader restarts as it is, only so that another one leads. */
export const isHandOver = ({ id }: PlanStep): boolean => id.includes('/handOver/');

/** Whether a member that serves nobody is started with the list in force. */
export const isBringBack = ({ id }: PlanStep): boolean => id.includes('/bringBack/');

/** A restart of one server that puts the new list into its file. */
export function rollTurn(
  context: StepContext,
  change: MembershipChange,
  server: string,
  rank: 'observer' | 'follower' | 'leader' | 'joiner' | 'leaver',
  purpose: 'roll' | 'handOver' | 'bringBack' = 'roll',
): PlanStep[] {
  const turn = `${changeId(context, change)}/${purpose}/${server}`;
  const of = (activity: StepActivity) => ({
    ...base(context, change, activity, server, turn),
    role: rank,
  });
  const back = `${server} is restarted with its former list`;
  return [
    ...(context.drains
      ? [
          {
            ...of('drainNode'),
            title: `drain ${server}`,
            why: 'clients are led to other servers before this one stops',
            guard: none,
            undo: 'the undrain hook runs once the server serves again',
            waitsFor: 'the drain hook',
            timeoutMs: stepTimeoutMs.drain(context.waits),
          },
        ]
      : []),
    {
      ...of('stopServer'),
      title: `stop ${server} (${rank})`,
      why:
        rank === 'leader'
          ? 'all others have the new list; the ensemble elects once'
          : 'the others alone hold a synced quorum that just committed a write, and all of them serve',
      guard: { kind: 'serverMayStop', server },
      undo: back,
      waitsFor: 'its process is gone; masked, so that nothing else starts it meanwhile',
      timeoutMs: stepTimeoutMs.stop,
    },
    {
      ...of('writeMembers'),
      title: `write the list of ${sizeText(change)} to ${server}`,
      why: 'the server is stopped; its configuration is saved first; all other settings stay',
      guard: { kind: 'serverIsStopped', server },
      undo: back,
      waitsFor: 'the file is written',
      timeoutMs: stepTimeoutMs.configuration,
    },
    {
      ...of('startServer'),
      title: `start ${server}`,
      why: 'every quorum of its list meets every quorum of the list the others have',
      guard: none,
      undo: back,
      waitsFor: 'its process runs',
      timeoutMs: stepTimeoutMs.start,
    },
    {
      ...of('verifyQuorum'),
      title: `prove ${server} is back`,
      why: 'nothing is changed by looking',
      guard: none,
      undo: 'nothing to undo',
      waitsFor:
        'it serves, has caught up, a write was committed through it, and the ensemble has settled',
      timeoutMs: stepTimeoutMs.verify(context.waits),
    },
    {
      ...of('soak'),
      title: `watch ${server}`,
      why: 'the next server is touched only after this one has stayed healthy',
      guard: none,
      undo: 'nothing to undo',
      waitsFor: `${context.waits.soakMs} ms in which it stays healthy`,
      timeoutMs: stepTimeoutMs.soak(context.waits),
    },
  ];
}
