/** Who belongs to an ensemble, as the planner moves it. */
import type { MembershipNames } from '../../model/plan';
import type { QuorumMember } from '../quorum';

/** A member under its inventory name. */
export interface PlannedMember extends QuorumMember {
  server: string;
}

export type Membership = readonly PlannedMember[];

export const votersOf = (members: Membership): PlannedMember[] =>
  members.filter(({ role }) => role === 'participant');

export const without = (members: Membership, server: string): PlannedMember[] =>
  members.filter((member) => member.server !== server);

/** `member` added, or in its new role in place of its old one; sorted by id. */
export const including = (members: Membership, member: PlannedMember): PlannedMember[] =>
  [...without(members, member.server), member].sort((a, b) => a.id - b.id);

/** As plans and steps say it. */
export const namesOf = (members: Membership): MembershipNames => ({
  voters: votersOf(members).map(({ server }) => server),
  observers: members.filter(({ role }) => role === 'observer').map(({ server }) => server),
});

export const memberOf = (members: Membership, server: string): PlannedMember | undefined =>
  members.find((member) => member.server === server);
