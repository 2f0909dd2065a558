/** The steps of one change of members, by reconfiguration (3.5+) or by files and restarts. */
import type { PlanStep } from '../../model/plan';
import { atLeast } from '../../model/version';
import { quorumSize } from '../quorum';
import { memberOf, votersOf, type Membership } from './membership';
import type { MembershipChange } from './membershipPath';
import {
  changeMembers,
  provisionServer,
  redirectClients,
  rollTurn,
  soakMember,
  startJoiner,
  stopLeaver,
  verifyJoiner,
  verifyMembers,
  writeLearnerList,
  type StepContext,
} from './steps';

export interface ChangeContext extends StepContext {
  /** Who leads, or is expected to, when the change begins. */
  leader: string | undefined;
  /** Members that do not serve: no clients need leading away from them. */
  down: readonly string[];
  /** Whether the server's own list is this already: then it need not restart for it. */
  hasList(server: string, members: Membership): boolean;
  /** What there is of a server that is to join. */
  joinsFrom(server: string): 'nothing' | 'files' | 'running';
}

/** From 3.5 on a leader counts only those its own list names. */
const COUNTS_LISTED_ONLY = '3.5.0';

const comes = ({ kind }: MembershipChange): boolean =>
  kind === 'addVoter' || kind === 'addObserver';
const goes = ({ kind }: MembershipChange): boolean =>
  kind === 'removeVoter' || kind === 'removeObserver';

/** One that was a member before has its files and data: it only needs the list of today. */
function joinSteps(context: ChangeContext, change: MembershipChange): PlanStep[] {
  const begins = {
    nothing: [provisionServer(context, change), startJoiner(context, change)],
    files: [writeLearnerList(context, change), startJoiner(context, change)],
    running: [],
  }[context.joinsFrom(change.server)];
  return [...begins, verifyJoiner(context, change)];
}

export const leaveSteps = (
  context: ChangeContext,
  change: MembershipChange,
  isListed = false,
): PlanStep[] => [
  ...(context.down.includes(change.server) ? [] : [redirectClients(context, change)]),
  stopLeaver(context, change, isListed),
];

export const dynamicSteps = (context: ChangeContext, change: MembershipChange): PlanStep[] => [
  ...(comes(change) ? joinSteps(context, change) : []),
  { ...changeMembers(context, change), ...(leaderGoes(context, change) && { role: 'leader' }) },
  verifyMembers(context, change),
  ...(goes(change) ? leaveSteps(context, change) : [soakMember(context, change)]),
];

/**
 * One list after the other, on every server, the leader last:
 * - the one that comes follows unlisted as an observer until it is proven, and votes before the leader restarts, since
 *   the election needs it
 * - the one that goes is restarted first if it leads
 * - up to 3.4 a leader counts followers that its list does not name. So there the one that comes votes only once
 *   every follower has the new list, and the one that goes is stopped before the leader has it: a write
 *   acknowledged by leader and stranger alone would be lost with both
 * - except where a follower could not come back without the newcomer's vote, as from three to four: then the newcomer
 *   votes right before the first follower restarts, and plans warn of that moment
 */
export function staticSteps(context: ChangeContext, change: MembershipChange): PlanStep[] {
  const countsListedOnly = !countsStrangers(context.version);
  const { server, kind } = change;
  const led = context.leader === server;
  const stays = change.after.filter((member) => member.server !== server);
  const roll = (name: string, rank: Parameters<typeof rollTurn>[3]) =>
    context.hasList(name, change.after) ? [] : rollTurn(context, change, name, rank);
  const observers = stays.filter(({ role }) => role === 'observer');
  const followers = votersOf(stays).filter((member) => member.server !== context.leader);
  const others = [
    ...observers.flatMap((member) => roll(member.server, 'observer')),
    ...followers.flatMap((member) => roll(member.server, 'follower')),
  ];
  const leader = led || context.leader === undefined ? [] : roll(context.leader, 'leader');
  const end = [verifyMembers(context, change)];
  switch (kind) {
    case 'addObserver':
      return [...joinSteps(context, change), ...others, ...leader, ...end];
    case 'addVoter':
    case 'promote': {
      const joins = kind === 'addVoter' ? joinSteps(context, change) : [];
      const votes = roll(server, 'joiner');
      if (countsListedOnly) return [...joins, ...votes, ...others, ...leader, ...end];
      if (!needsNewcomer(change)) return [...joins, ...others, ...votes, ...leader, ...end];
      // The shorter until the first follower has the new list, the better.
      const atOnce = votes.filter(({ activity }) => activity !== 'soak');
      return [...joins, ...atOnce, ...others, ...leader, ...end];
    }
    case 'removeObserver':
      return [...others, ...leader, ...end, ...leaveSteps(context, change)];
    case 'removeVoter':
    case 'demote': {
      const leaves =
        kind === 'demote' ? roll(server, 'leaver') : leaveSteps(context, change, !countsListedOnly);
      return countsListedOnly
        ? [...others, ...leader, ...end, ...leaves]
        : [...others, ...leaves, ...leader, ...end];
    }
  }
}

/** A follower that restarts finds the leader by as many voters of its new list as commit; the newcomer is one of them. */
export const needsNewcomer = ({ before, after }: MembershipChange): boolean =>
  quorumSize(after) > votersOf(before).length - 1;

/** Whether the leader of this version counts followers that its own list does not name. */
export const countsStrangers = (version: string): boolean => !atLeast(version, COUNTS_LISTED_ONLY);

/** Whether the change begins by taking the lead from the server that goes. */
export const leaderGoes = (context: ChangeContext, change: MembershipChange): boolean =>
  context.leader === change.server && memberOf(change.after, change.server)?.role !== 'participant';

/** The leader restarts as it is, so that another leads before it goes. */
export const handOver = (context: ChangeContext, change: MembershipChange): PlanStep[] =>
  rollTurn(context, change, change.server, 'leader', 'handOver').filter(
    ({ activity }) => activity !== 'writeMembers',
  );
