/** Who asks the server, and what they may do where. */
import { z } from 'zod';
import { includesRole, ROLES, type Role } from './approval';
import { name } from './fields';

export const ALL_ENSEMBLES = '*';

export const grantSchema = z.strictObject({
  role: z.enum(ROLES),
  ensembles: z
    .array(z.union([z.literal(ALL_ENSEMBLES), name]))
    .min(1)
    .max(1_000)
    .describe('by name in the inventory; * for all'),
});
export type Grant = z.output<typeof grantSchema>;

export interface Identity {
  /** As approvals and the audit log name them. */
  actor: string;
  grants: Grant[];
  /** ISO 8601; absent: it does not end by itself. */
  expiresAt?: string;
}

/** Whether they may do what `needed` may, on that ensemble; undefined: on all of them. */
export const may = (
  { grants }: Identity,
  needed: Role,
  ensemble: string | undefined = ALL_ENSEMBLES,
): boolean =>
  grants.some(
    ({ role, ensembles }) =>
      includesRole(role, needed) &&
      (ensembles.includes(ALL_ENSEMBLES) || ensembles.includes(ensemble)),
  );

/** Whether they may do it anywhere. */
export const maySomewhere = ({ grants }: Identity, needed: Role): boolean =>
  grants.some(({ role }) => includesRole(role, needed));

/** `operator:orders,billing` or `viewer:*`. */
export function parseGrant(text: string): Grant | undefined {
  const [role, ensembles, ...more] = text.split(':');
  if (ensembles === undefined || more.length > 0) return undefined;
  const parsed = grantSchema.safeParse({ role, ensembles: ensembles.split(',') });
  return parsed.success ? parsed.data : undefined;
}
