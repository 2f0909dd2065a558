/** The one JSON object each workflow, signal and update takes. */
import { z } from 'zod';
import { GATES } from './contract';
import { ensembleName, ensembleRefSchema } from './inventory';
import { versionSchema } from './version';

export const DAY_MS = 86_400_000;

export const gatePolicySchema = z.strictObject({
  mode: z
    .enum(['ask', 'auto'])
    .default('ask')
    .describe('auto: pass without asking, where the inventory does not require the gate'),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(365 * DAY_MS)
    .optional()
    .describe('after this long `onTimeout` happens; it never approves'),
  onTimeout: z.enum(['wait', 'abort', 'rollback']).default('wait'),
});
export type GatePolicy = z.output<typeof gatePolicySchema>;

export const person = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, { error: 'expected a name without control characters' });
/** Shown on terminals: no control characters but line ends and tabs. */
// Written out and not as \p{Cc}: the pattern stands in the OpenAPI document, and other languages have no such thing.
// eslint-disable-next-line no-control-regex
const printable = z.string().regex(/^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$/, {
  error: 'expected text without control characters',
});
/** Half a pair of UTF-16 is no character: UTF-8 can't hold it, so that what is signed and what arrives would differ. */
export const comment = printable.max(2_000).refine((text) => !/\p{Surrogate}/u.test(text), {
  error: 'expected whole characters; found half of a surrogate pair',
});

/** What every run that touches servers takes. */
export const runFields = {
  soakMs: z
    .int()
    .min(0)
    .max(7 * DAY_MS)
    .default(5_000)
    .describe('how long each server must stay healthy before the next is touched'),
  settleTimeoutMs: z
    .int()
    .min(5_000)
    .max(DAY_MS)
    .default(300_000)
    .describe('most a restarted server may take to serve, catch up and settle'),
  drainMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(0)
    .describe('how long to wait after the drain hook before the server is stopped'),
  acceptWarnings: z.boolean().default(true).describe('false: warnings refuse as errors do'),
  requestedBy: person.optional(),
  comment: comment.optional(),
};

export const rollingUpgradeInputSchema = z.strictObject({
  ensemble: ensembleRefSchema,
  target: z.strictObject({ version: versionSchema }),
  gates: z
    .strictObject({
      start: gatePolicySchema.optional(),
      beforeLeader: gatePolicySchema.optional(),
      finalize: gatePolicySchema.optional(),
    })
    .default({}),
  ...runFields,
});
export type RollingUpgradeInput = z.output<typeof rollingUpgradeInputSchema>;
export type RollingUpgradeRequest = z.input<typeof rollingUpgradeInputSchema>;

const serverNames = z.array(ensembleName).max(64).default([]);

export const resizeEnsembleInputSchema = z
  .strictObject({
    ensemble: ensembleRefSchema,
    add: serverNames.describe('spares of the inventory that become members, in their role there'),
    remove: serverNames.describe('members that leave'),
    replace: z
      .record(ensembleName, ensembleName)
      .default({})
      .describe('old member to new: the new one joins, then the old one leaves'),
    promote: serverNames.describe('observers that become voters'),
    demote: serverNames.describe('voters that become observers'),
    leader: z
      .enum(['last', 'handover'])
      .default('last')
      .describe('handover: gate beforeLeader asks for the moment at which the lead changes'),
    wipe: z
      .boolean()
      .default(false)
      .describe('data and configuration of those that left are removed, after gate beforeWipe'),
    acceptNoTolerance: z
      .boolean()
      .default(false)
      .describe('true: a goal that cannot lose one voter is let pass'),
    gates: z
      .strictObject({
        start: gatePolicySchema.optional(),
        beforeLeader: gatePolicySchema.optional(),
        beforeRemove: gatePolicySchema.optional(),
        beforeWipe: gatePolicySchema.optional(),
      })
      .default({}),
    ...runFields,
  })
  .superRefine((input, context) => {
    const seen = new Map<string, string>();
    const claims = [
      ...(['add', 'remove', 'promote', 'demote'] as const).flatMap((field) =>
        input[field].map((server, index) => ({ server, path: [field, index] })),
      ),
      ...Object.entries(input.replace).flatMap(([old, fresh]) => [
        { server: old, path: ['replace', old] },
        { server: fresh, path: ['replace', old] },
      ]),
    ];
    for (const { server, path } of claims) {
      const before = seen.get(server);
      if (before !== undefined)
        context.addIssue({
          code: 'custom',
          path,
          message: `${server} is named twice (also ${before}): a server changes once in a run`,
        });
      seen.set(server, path.join('.'));
    }
    if (claims.length === 0)
      context.addIssue({
        code: 'custom',
        path: [],
        message:
          'nothing to do: expected at least one server in add, remove, replace, promote or demote',
      });
  });
export type ResizeEnsembleInput = z.output<typeof resizeEnsembleInputSchema>;
export type ResizeEnsembleRequest = z.input<typeof resizeEnsembleInputSchema>;

export const MIN_BASE_EVERY_MS = 60_000;

export const baseBytesPerSecond = z
  .int()
  .min(64 << 10)
  .max(2 ** 40)
  .optional()
  .describe('of a hot backup: most of a base that is read a second to be stored');

/** JWS, compact: https://www.rfc-editor.org/rfc/rfc7515#section-3.1 */
const proof = z
  .string()
  .max(8_192)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, { error: 'expected what zkferry server signs' })
  .optional()
  .describe('signature of zkferry server, where the worker asks for one');

const steerFields = { by: person.optional(), comment: comment.optional(), proof };

const decisionFields = {
  gate: z.enum(GATES),
  approver: person.describe('who decides'),
  comment: comment.optional(),
  planHash: z
    .string()
    .regex(/^[0-9a-f]{8,64}$/, { error: 'expected the hash the plan shows (8 to 64 hex digits)' })
    .optional()
    .describe('hash of the plan decided on, whole or its beginning; another plan is refused'),
  proof,
};

export const controlSchemas = {
  approve: z.strictObject(decisionFields),
  reject: z.strictObject(decisionFields),
  pause: z.strictObject(steerFields),
  resume: z.strictObject(steerFields),
  rollback: z.strictObject(steerFields),
  stop: z.strictObject(steerFields),
  tune: z.strictObject({
    baseEveryMs: z
      .int()
      .min(MIN_BASE_EVERY_MS)
      .max(366 * DAY_MS)
      .optional()
      .describe('of a hot backup'),
    baseBytesPerSecond,
    soakMs: z
      .int()
      .min(0)
      .max(7 * DAY_MS)
      .optional(),
    drainMs: z.int().min(0).max(3_600_000).optional(),
    settleTimeoutMs: z.int().min(5_000).max(DAY_MS).optional(),
    proof,
  }),
} as const;
export type ControlInputs = {
  [K in keyof typeof controlSchemas]: z.output<(typeof controlSchemas)[K]>;
};
