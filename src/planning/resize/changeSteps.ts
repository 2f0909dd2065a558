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
  joinsFrom(server: string): 'nothing' | 'files' | 'running' | 'member';
}

/** From 3.5 on a leader counts only those its own list names. */
const COUNTS_LISTED_ONLY = '3.5.0';

const comes = ({ kind }: MembershipChange): boolean =>
  kind === 'addVoter' || kind === 'addObserver';
const goes = ({ kind }: MembershipChange): boolean =>
  kind === 'removeVoter' || kind === 'removeObserver';

/**
 * One that was a member before has its files and data: it only needs the list of today. One that the leader still
 * lists has only been stopped, and is back by then.
 */
function joinSteps(context: ChangeContext, change: MembershipChange): PlanStep[] {
  const from = context.joinsFrom(change.server);
  if (from === 'member') return [];
  const begins = {
    nothing: [provisionServer(context, change), startJoiner(context, change)],
    files: [writeLearnerList(context, change), startJoiner(context, change)],
    running: [],
  }[from];
  return [...begins, verifyJoiner(context, change)];
}

export const leaveSteps = (
  context: ChangeContext,
  change: MembershipChange,
  isCounted = false,
): PlanStep[] => [
  ...(context.down.includes(change.server) ? [] : [redirectClients(context, change)]),
  stopLeaver(context, change, isCounted),
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
 * - where the leader has the list without the one that goes already, that one is such a stranger: it stops first, since
 *   each follower that has that list too is one more who can elect without what leader and stranger acknowledge
 * - from six voters to five, eight to seven and so on it stops before the last followers have the list: should the leader
 *   die, one that has the list may lead and count it, and enough others have the list to elect without those two
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
  const watchers = observers.flatMap((member) => roll(member.server, 'observer'));
  const turns = followers.map((member) => roll(member.server, 'follower'));
  const followed = turns.flat();
  const others = [...watchers, ...followed];
  const leader = led || context.leader === undefined ? [] : roll(context.leader, 'leader');
  // A change that was begun is taken back, or the lead has moved to one that has the new list.
  const isStranger = context.leader !== undefined && context.hasList(context.leader, change.after);
  const end = [verifyMembers(context, change)];
  switch (kind) {
    case 'addObserver':
      return [...joinSteps(context, change), ...others, ...leader, ...end];
    case 'addVoter':
    case 'promote': {
      const joins = kind === 'addVoter' ? joinSteps(context, change) : [];
      // Joining has put a list without its vote into its file, whatever is there now.
      const votes = joins.some(({ activity }) => activity === 'startServer')
        ? rollTurn(context, change, server, 'joiner')
        : roll(server, 'joiner');
      if (countsListedOnly) return [...joins, ...votes, ...others, ...leader, ...end];
      if (!needsNewcomer(change)) return [...joins, ...others, ...votes, ...leader, ...end];
      // The shorter until the first follower has the new list, the better.
      const atOnce = votes.filter(({ activity }) => activity !== 'soak');
      return [...joins, ...watchers, ...atOnce, ...followed, ...leader, ...end];
    }
    case 'removeObserver':
      return [...others, ...leader, ...end, ...leaveSteps(context, change)];
    case 'removeVoter':
    case 'demote': {
      const leaves =
        kind === 'demote' ? roll(server, 'leaver') : leaveSteps(context, change, !countsListedOnly);
      if (countsListedOnly) return [...others, ...leader, ...end, ...leaves];
      if (isStranger) return [...leaves, ...others, ...leader, ...end];
      const due = turns.filter((turn) => turn.length > 0);
      const first = due.slice(0, Math.max(0, mostWithStranger(change) - turns.length + due.length));
      const rest = due.slice(first.length);
      return [...watchers, ...first.flat(), ...leaves, ...rest.flat(), ...leader, ...end];
    }
  }
}

/** A follower that restarts finds the leader by as many voters of its new list as commit; the newcomer is one of them. */
export const needsNewcomer = ({ before, after }: MembershipChange): boolean =>
  quorumSize(after) > votersOf(before).length - 1;

/**
 * How many voters may have the list without the one that goes while that one votes, and a leader counts it unlisted: one
 * more, and should one of them lead, so many others could elect while as many acknowledge with the one that goes.
 */
export function mostWithStranger({ after }: Pick<MembershipChange, 'after'>): number {
  const [voters, quorum] = [votersOf(after).length, quorumSize(after)];
  // The leader of now has its former list.
  const others = voters - 2;
  return others >= quorum && voters + 1 - quorum >= quorum ? quorum : Infinity;
}

/** Whether one that has left, by a change that is taken back, serves again only once all others have the list with it. */
export const comesBackLast = ({ version }: StepContext, change: MembershipChange): boolean =>
  change.kind === 'addVoter' &&
  countsStrangers(version) &&
  mostWithStranger({ after: change.before }) < Infinity;

/**
 * Whether the leader of this version counts followers that its own list does not name. Empty where no server said its
 * version: what is planned then is refused anyway.
 */
export const countsStrangers = (version: string): boolean =>
  version === '' || !atLeast(version, COUNTS_LISTED_ONLY);

/** Whether the change begins by taking the lead from the server that goes. */
export const leaderGoes = (context: ChangeContext, change: MembershipChange): boolean =>
  context.leader === change.server && memberOf(change.after, change.server)?.role !== 'participant';

/** The leader restarts as it is, so that another leads before it goes. */
export const handOver = (context: ChangeContext, change: MembershipChange): PlanStep[] =>
  rollTurn(context, change, change.server, 'leader', 'handOver').filter(
    ({ activity }) => activity !== 'writeMembers',
  );

/**
 * A member that does not serve, since it was stopped for a change that is taken back, or cannot find a leader that its
 * list does not name: it starts with the list in force.
 */
export const bringBack = (
  context: ChangeContext,
  members: Membership,
  server: string,
  has: { process: boolean; list: boolean },
): PlanStep[] => {
  const change: MembershipChange = { kind: 'addVoter', server, before: members, after: members };
  return rollTurn(context, change, server, 'follower', 'bringBack').filter(
    ({ activity }) =>
      activity === 'startServer' ||
      activity === 'verifyQuorum' ||
      (activity === 'stopServer' && has.process) ||
      (activity === 'writeMembers' && !has.list),
  );
};
