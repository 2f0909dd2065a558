/** The JSON objects that the strategies of backups take. */
import { z } from 'zod';
import {
  baseBytesPerSecond,
  comment,
  DAY_MS,
  gatePolicySchema,
  MIN_BASE_EVERY_MS,
  person,
  runFields,
} from './inputs';
import { ensembleName } from './inventory';

/** How what is committed is read. */
export const CAPTURE_SOURCES = ['stream', 'files', 'admin', 'logical'] as const;
export type CaptureSourceName = (typeof CAPTURE_SOURCES)[number];

/** No transactions come from these: whole bases are taken, and what is committed between two of them is not kept. */
export const keepsBasesOnly = (source: CaptureSourceName): boolean =>
  source === 'admin' || source === 'logical';

export const captureSourceSchema = z
  .enum(['auto', ...CAPTURE_SOURCES])
  .default('auto')
  .describe(
    "stream: the leader's quorum port; files: a server's own files over SSH, seconds behind; admin: whole bases by the AdminServer of 3.9; logical: whole bases read znode by znode; auto: the first of these that can be had when it begins",
  );

export const hotBackupInputSchema = z.strictObject({
  ensemble: ensembleName.describe('of the inventory; its backups are kept under this name'),
  repository: ensembleName.describe('of the inventory'),
  baseEveryMs: z
    .int()
    .min(MIN_BASE_EVERY_MS)
    .max(366 * DAY_MS)
    .default(DAY_MS)
    .describe('a new base so long after the newest one'),
  baseAfterBytes: z
    .int()
    .min(1 << 20)
    .max(2 ** 40)
    .default(1 << 30)
    .describe('… or once so many bytes of transactions were captured after it'),
  baseBytesPerSecond,
  source: captureSourceSchema,
  segmentMs: z
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(60_000)
    .describe('what was captured is sealed into a segment so often'),
  acceptForeign: z
    .boolean()
    .default(false)
    .describe('true: captured although no member is known to the repository under this name'),
  requestedBy: person.optional(),
  comment: comment.optional(),
});
export type HotBackupInput = z.output<typeof hotBackupInputSchema>;
export type HotBackupRequest = z.input<typeof hotBackupInputSchema>;

const znodePath = z
  .string()
  .max(4096)
  .regex(/^(\/|(\/[^/\0]+)+)$/, { error: 'expected an absolute znode path such as /app' });

/** A moment to restore; without it, or as `latest`, the newest there is. */
const momentSchema = z
  .union([
    z
      .string()
      .regex(/^latest$/, { error: 'expected latest, { zxid } or { time }' })
      .transform(() => undefined),
    z
      .strictObject({
        zxid: z
          .string()
          .regex(/^0x[0-9a-fA-F]{1,16}$/, { error: 'expected a zxid such as 0x1f00000a2' })
          .optional(),
        time: z.iso
          .datetime({
            offset: true,
            error: 'expected a time with its zone such as 2026-01-02T03:04:05Z',
          })
          .optional()
          .describe('the last transaction before the first one later than this'),
      })
      .superRefine(({ zxid, time }, context) => {
        if ((zxid === undefined) === (time === undefined))
          context.addIssue({
            code: 'custom',
            message: `expected one of zxid and time${zxid === undefined ? '' : ', not both'}`,
          });
      })
      .transform(({ zxid, time }): { zxid: string } | { time: string } =>
        zxid === undefined ? { time: time! } : { zxid },
      ),
  ])
  .optional();

export const restoreBackupInputSchema = z
  .strictObject({
    repository: ensembleName.describe('of the inventory'),
    from: ensembleName
      .optional()
      .describe('whose backup, by its name in the repository; to.ensemble without it'),
    at: momentSchema,
    timeline: z
      .int()
      .min(1)
      .max(9999)
      .optional()
      .describe('an earlier history; the newest without it'),
    to: z.strictObject(
      {
        ensemble: ensembleName.describe('of the inventory'),
        path: znodePath
          .optional()
          .describe('with mode subtree: where it goes; the same path without it'),
      },
      {
        error: ({ code }) =>
          code === 'invalid_type'
            ? 'expected where it goes, such as { "ensemble": "orders" }'
            : undefined,
      },
    ),
    /** What runs need by this name; the same as `to.ensemble`. */
    ensemble: ensembleName.optional(),
    mode: z
      .enum(['ensemble', 'subtree'])
      .default('ensemble')
      .describe(
        'ensemble: every server is stopped and gets the data of then; subtree: written into the living ensemble',
      ),
    path: znodePath.optional().describe('with mode subtree: what is restored'),
    conflict: z
      .enum(['fail', 'skip', 'overwrite', 'mirror'])
      .default('fail')
      .describe('with mode subtree: what becomes of nodes that are there already'),
    sessions: z
      .enum(['drop', 'keep'])
      .default('drop')
      .describe('keep: sessions and ephemerals of then resume, after gate keepSessions'),
    epoch: z
      .enum(['higher', 'same'])
      .default('higher')
      .describe('higher: clients that have seen more are let in at once'),
    acceptForeign: z
      .boolean()
      .default(false)
      .describe('true: the backup may be of another ensemble'),
    gates: z
      .strictObject({
        start: gatePolicySchema.optional(),
        keepSessions: gatePolicySchema.optional(),
      })
      .default({}),
    ...runFields,
  })
  .superRefine((input, context) => {
    const issue = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (input.ensemble !== undefined && input.ensemble !== input.to.ensemble)
      issue(['ensemble'], 'expected the same as to.ensemble, or nothing');
    const isSubtree = input.mode === 'subtree';
    if (isSubtree && input.path === undefined)
      issue(['path'], 'expected what is to be restored, such as /app, with mode subtree');
    if (!isSubtree && input.path !== undefined)
      issue(['path'], 'only with mode subtree: a whole ensemble has the whole tree');
    if (!isSubtree && input.to.path !== undefined) issue(['to', 'path'], 'only with mode subtree');
    if (!isSubtree && input.conflict !== 'fail')
      issue(['conflict'], 'only with mode subtree: a whole ensemble gets the data of then alone');
    if (isSubtree && input.sessions !== 'drop')
      issue(['sessions'], 'only with mode ensemble: ephemerals never come with a subtree');
    if (isSubtree && input.epoch !== 'higher')
      issue(['epoch'], 'only with mode ensemble: a subtree is written in the epoch that there is');
  });
export type RestoreBackupInput = z.output<typeof restoreBackupInputSchema>;
export type RestoreBackupRequest = z.input<typeof restoreBackupInputSchema>;

export const verifyBackupInputSchema = z.strictObject({
  repository: ensembleName.describe('of the inventory'),
  ensemble: ensembleName.describe('its name in the inventory and in the repository'),
  at: momentSchema,
  on: ensembleName
    .optional()
    .describe(
      'server on whose host the drill is held; a spare, an observer or a follower without it',
    ),
  requestedBy: person.optional(),
  comment: comment.optional(),
});
export type VerifyBackupInput = z.output<typeof verifyBackupInputSchema>;
export type VerifyBackupRequest = z.input<typeof verifyBackupInputSchema>;

export const takeBaseInputSchema = z.strictObject({
  repository: ensembleName.describe('of the inventory'),
  ensemble: ensembleName.describe('of the inventory'),
});
export type TakeBaseRequest = z.input<typeof takeBaseInputSchema>;
