/** What somebody may do, from the grants of GET /v1/me. The server decides; this only hides what it would refuse. */
import type { Me, Role } from './types';

/** Roles that each grant comes with; approver does not include operator. */
const INCLUDES: Record<Role, readonly Role[]> = {
  viewer: ['viewer'],
  operator: ['operator', 'viewer'],
  approver: ['approver', 'viewer'],
  admin: ['admin', 'operator', 'approver', 'viewer'],
};

/** @param ensemble without it: for any ensemble at all */
export function may(me: Me, role: Role, ensemble?: string): boolean {
  return me.grants.some(
    (grant) =>
      INCLUDES[grant.role].includes(role) &&
      (ensemble === undefined ||
        grant.ensembles.includes('*') ||
        grant.ensembles.includes(ensemble)),
  );
}
