/** What is there already when a plan is made, so that one made in the middle of a run has the steps still missing. */
import type { EnsembleFacts, ServerFacts } from '../../model/facts';
import { isServing, membersSeenBy } from '../members';
import { expectedSuccessor } from '../serverOrder';
import { memberOf, votersOf, type Membership } from './membership';
import type { MembershipChange } from './membershipPath';

/** Members that do not serve. */
export const downIn = (facts: EnsembleFacts, current: Membership): string[] =>
  facts.servers
    .filter((server) => !isServing(server) && memberOf(current, server.server))
    .map(({ server }) => server);

/**
 * The list that others have in their files where it is not the leader's: a change by files was begun, and servers hold
 * two lists. Those that are halted don't count: they start with the leader's list first.
 */
export function otherList(
  known: readonly ServerFacts[],
  current: Membership,
  halted: readonly ServerFacts[],
): Membership | undefined {
  const lists = known
    .filter((one) => memberOf(current, one.server) && !halted.includes(one))
    .map(({ host, members }) => host?.members ?? members);
  const other = lists.find((list) => list !== undefined && shapeOf(list) !== shapeOf(current));
  return other?.flatMap(({ id, role }) => {
    const server = known.find((one) => one.id === id)?.server;
    return server === undefined ? [] : [{ server, id, role }];
  });
}

/**
 * Members that no change can begin with: those that the run has stopped, and, while lists are changed by files, any
 * that runs without serving since its list is not the one in force.
 */
export const haltedIn = (
  facts: EnsembleFacts,
  current: Membership,
  byFiles: boolean,
  stopped: readonly string[] = [],
): ServerFacts[] =>
  facts.servers.filter((one) => {
    if (isServing(one) || !memberOf(current, one.server)) return false;
    const runs = one.host?.process?.running;
    if (runs === false) return stopped.includes(one.server);
    return runs === true && byFiles && !listIs(facts.servers, one.server, current);
  });

/** Whether the server's file (else its running list) names just these members in these roles. */
export function listIs(
  known: readonly ServerFacts[],
  server: string,
  members: Membership,
): boolean {
  const facts = known.find((one) => one.server === server);
  const list = facts?.host?.members ?? facts?.members;
  return list !== undefined && shapeOf(list) === shapeOf(members);
}

/** Members and roles, whatever their order. */
export const shapeOf = (members: readonly { id: number; role: string }[]): string =>
  members
    .map(({ id, role }) => `${id}:${role}`)
    .sort()
    .join(' ');

/** A guess for the plan, as expectedSuccessor's: the highest id among those that may lead then. */
export function successorIn(
  known: readonly ServerFacts[],
  { after }: MembershipChange,
  leader: string | undefined,
): string | undefined {
  const voters = votersOf(after).map(({ server }) => server);
  return expectedSuccessor(
    known
      .filter(({ server }) => voters.includes(server))
      .map((one) => ({ ...one, role: undefined, inventoryRole: 'participant' })),
    leader,
  );
}

/** Whether it names another member of this ensemble by its quorum address: then it belongs, or belonged, to it. */
export function listsMembersOf(facts: EnsembleFacts, server: ServerFacts): boolean {
  const addresses = new Set(
    facts.servers
      .filter((one) => one.server !== server.server)
      .flatMap((one) => membersSeenBy(one) ?? [])
      .map(({ host, quorumPort }) => `${host}:${quorumPort}`),
  );
  return (membersSeenBy(server) ?? []).some(
    ({ id, host, quorumPort }) => id !== server.id && addresses.has(`${host}:${quorumPort}`),
  );
}

/** Whether it must be provisioned, has the files of a member of this ensemble, or runs and follows it, or is about to. */
export function joinsFrom(
  facts: EnsembleFacts,
  joiner: ServerFacts | undefined,
): 'nothing' | 'files' | 'running' {
  if (!joiner || !listsMembersOf(facts, joiner)) return 'nothing';
  return isServing(joiner) || joiner.host?.process?.running === true ? 'running' : 'files';
}
