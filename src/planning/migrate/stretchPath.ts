/**
 * From the members of one data centre to those of another, one at a time:
 *   1. every new server comes as an observer: clients can be led to it, and no quorum depends on it
 *   2. voters are swapped by turns, a new one in, an old one out, the leader last: never fewer than there were, and an
 *      even number only between the two
 */
import { including, memberOf, type Membership } from '../resize/membership';
import { membershipPath, type MembershipChange, type PathOptions } from '../resize/membershipPath';

export function stretchPath(
  current: Membership,
  goal: Membership,
  options: PathOptions = {},
): MembershipChange[] {
  const observing = goal
    .filter(({ server }) => memberOf(current, server) === undefined)
    .reduce<Membership>(
      (members, newcomer) => including(members, { ...newcomer, role: 'observer' }),
      current,
    );
  return [
    ...membershipPath(current, observing, options),
    ...membershipPath(observing, goal, options),
  ];
}
