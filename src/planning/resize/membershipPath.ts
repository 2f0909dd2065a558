/**
 * From one membership to another, one server at a time, so that each configuration's quorums meet the next one's:
 *   1. voters that are down leave first: the quorum gets no smaller margin by it, and may be reached more easily
 *   2. new observers come
 *   3. voters come and go by turns, coming first, so that there are never fewer than there were or will be;
 *      of those that go, the leader is the last
 *   4. observers go
 */
import { memberOf, including, votersOf, without, type Membership } from './membership';

export type ChangeKind =
  'addVoter' | 'addObserver' | 'promote' | 'demote' | 'removeVoter' | 'removeObserver';

export interface MembershipChange {
  kind: ChangeKind;
  server: string;
  before: Membership;
  after: Membership;
}

export interface PathOptions {
  leader?: string;
  /** Members that do not serve. */
  down?: readonly string[];
  /** Who comes for whom: old name to new name; those changes stay beside each other. */
  replace?: Readonly<Record<string, string>>;
}

type Change = Pick<MembershipChange, 'kind' | 'server'>;

export function membershipPath(
  current: Membership,
  goal: Membership,
  options: PathOptions = {},
): MembershipChange[] {
  let before = current;
  return orderOf(current, goal, options).map(({ kind, server }) => {
    const wanted = memberOf(goal, server);
    const after = wanted ? including(before, wanted) : without(before, server);
    const change = { kind, server, before, after };
    before = after;
    return change;
  });
}

/**
 * Where servers hold two lists, those two come together before anything else is changed: a third list's quorums need
 * meet those of its neighbour only. A change that lies on the way to the goal is gone on with; any other is taken back
 * to the list in force, or, where that is its end, finished.
 */
export function pathThrough(
  other: Membership | undefined,
  current: Membership,
  goal: Membership,
  path: typeof membershipPath,
  options: PathOptions,
): MembershipChange[] {
  if (other === undefined) return path(current, goal, options);
  return liesBetween(current, other, goal)
    ? [...path(current, other, options), ...path(other, goal, options)]
    : [...path(other, current, options), ...path(current, goal, options)];
}

/** Whether each server is in `middle` what it was before, or what it is to be. */
const liesBetween = (from: Membership, middle: Membership, to: Membership): boolean =>
  [...from, ...middle, ...to].every(({ server }) => {
    const roleIn = (members: Membership) => memberOf(members, server)?.role;
    return [roleIn(from), roleIn(to)].includes(roleIn(middle));
  });

function orderOf(
  current: Membership,
  goal: Membership,
  { leader, down = [], replace = {} }: PathOptions,
): Change[] {
  const changes = goal
    .flatMap(({ server }) => changeOf(current, goal, server))
    .concat(current.flatMap(({ server }) => leaving(current, goal, server)));
  const ofKind = (...kinds: ChangeKind[]) => changes.filter(({ kind }) => kinds.includes(kind));
  const going = ofKind('removeVoter', 'demote').sort(
    (a, b) => Number(a.server === leader) - Number(b.server === leader),
  );
  const dead = going.filter(({ server }) => down.includes(server));
  const living = going.filter((change) => !dead.includes(change));
  const successors = living.map(({ server }) => replace[server]);
  const rankOf = ({ server }: Change) =>
    successors.includes(server) ? successors.indexOf(server) : successors.length;
  const coming = ofKind('addVoter', 'promote').sort((a, b) => rankOf(a) - rankOf(b));
  return [
    ...dead,
    ...ofKind('addObserver'),
    ...byTurns(coming, living),
    ...ofKind('removeObserver'),
  ];
}

function changeOf(current: Membership, goal: Membership, server: string): Change[] {
  const [old, wanted] = [memberOf(current, server), memberOf(goal, server)!];
  const isVoter = wanted.role === 'participant';
  if (!old) return [{ kind: isVoter ? 'addVoter' : 'addObserver', server }];
  if (old.role === wanted.role) return [];
  return [{ kind: isVoter ? 'promote' : 'demote', server }];
}

function leaving(current: Membership, goal: Membership, server: string): Change[] {
  if (memberOf(goal, server)) return [];
  const isVoter = votersOf(current).some((voter) => voter.server === server);
  return [{ kind: isVoter ? 'removeVoter' : 'removeObserver', server }];
}

function byTurns(coming: readonly Change[], going: readonly Change[]): Change[] {
  return Array.from({ length: Math.max(coming.length, going.length) }).flatMap((_, index) => [
    ...coming.slice(index, index + 1),
    ...going.slice(index, index + 1),
  ]);
}
