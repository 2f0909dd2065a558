/**
 * Who may steer a run. In mode `open` a control counts as it comes, with the name it gives; in mode `signed` it counts only with
 * a signature of the server, which has made sure who asks. The mode is the worker's configuration, never an input's.
 */
import { z } from 'zod';
import { CONTROL_NAMES } from './contract';
import { name } from './fields';

export const APPROVAL_MODES = ['open', 'signed'] as const;
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

/** `admin` may all that `operator` and `approver` may; these two may all that `viewer` may, and neither what the other may. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const DAY_MS = 86_400_000;

/** Who must have approved before a gate is passed. */
export const approvalPolicySchema = z.strictObject({
  count: z.int().min(1).max(10).default(1).describe('how many people'),
  role: z
    .enum(['approver', 'admin'])
    .default('approver')
    .describe('least role of each; an admin is an approver too'),
  excludeRequester: z
    .boolean()
    .default(true)
    .describe('whoever asked for the run does not count (four eyes)'),
  expireMs: z
    .int()
    .min(60_000)
    .max(30 * DAY_MS)
    .default(DAY_MS)
    .describe('an approval older than this does not count any more'),
  escalateAfterMs: z
    .int()
    .min(1_000)
    .max(30 * DAY_MS)
    .optional()
    .describe('a gate that waits this long is told to the webhooks, as `gateEscalated`'),
});
export type ApprovalPolicy = z.output<typeof approvalPolicySchema>;

/** JWS audience: a token made for anything else is none. */
export const APPROVAL_AUDIENCE = 'zkferry-control';
export const APPROVAL_ALGORITHM = 'EdDSA';

/** Claims of a signed control, or of a signed start, besides `aud`, `iat` and `exp` (seconds, as JWT has them). */
export const controlClaimsSchema = z.object({
  action: z.enum([...CONTROL_NAMES, 'start']),
  workflowId: z.string().min(1).max(1_000),
  /** The very history it is for: after a reset of the workflow it counts no more. Of a start there is none yet. */
  runId: z.string().max(100).optional(),
  ensemble: name,
  actor: z.string().min(1).max(200),
  role: z.enum(ROLES),
  /** SHA-256 (hex) of the input's canonical JSON, without the proof. */
  input: z.string().regex(/^[0-9a-f]{64}$/),
  /** Used once. */
  jti: z.string().min(16).max(100),
  exp: z.int(),
});
export type ControlClaims = z.output<typeof controlClaimsSchema>;

/** What a run knows of who may steer it; absent in mode `open` without policies. */
export interface ApprovalRules {
  mode: ApprovalMode;
  /** Of gates that are not named: the schema's defaults. */
  policies: Record<string, ApprovalPolicy>;
  /** Who asked for the run, where the server has signed it. */
  requester?: string;
}

/** One person's word at a gate. */
export interface Approval {
  by: string;
  at: string;
  /** From when on it does not count any more, and is told of no more. */
  expiresAt?: string;
  role?: Role;
  comment?: string;
}

export const defaultApprovalPolicy = (): ApprovalPolicy => approvalPolicySchema.parse({});

/** Whether somebody with `role` may do what `needed` may. */
export function includesRole(role: Role, needed: Role): boolean {
  if (role === needed || role === 'admin' || needed === 'viewer') return true;
  return false;
}

/**
 * Approvals that count now, by distinct people, and how many are needed. Where nobody vouches for who asked for the run,
 * excluding them takes one person more: of two, one at least is somebody else.
 */
export function tally(
  approvals: readonly Approval[],
  policy: ApprovalPolicy,
  { nowMs, mode, requester }: { nowMs: number; mode: ApprovalMode; requester?: string },
): { counted: Approval[]; needed: number } {
  const unknown = mode === 'signed' && requester === undefined && policy.excludeRequester;
  const counted = approvals.filter(
    (approval, index) =>
      nowMs - Date.parse(approval.at) < policy.expireMs &&
      approvals.findLastIndex(({ by }) => by === approval.by) === index,
  );
  return { counted, needed: policy.count + (unknown ? 1 : 0) };
}
