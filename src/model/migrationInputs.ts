/** The JSON object that `migrateDataCenter` takes. */
import { z } from 'zod';
import { DAY_MS, gatePolicySchema, runFields } from './inputs';
import { ensembleName, ensembleRefSchema } from './inventory';
import { versionSchema } from './version';

export const MIGRATION_MODES = ['stretch', 'physical', 'logical'] as const;
export type MigrationMode = (typeof MIGRATION_MODES)[number];

const znodePath = z
  .string()
  .max(4096)
  .regex(/^(\/|(\/[^/\0]+)+)$/, { error: 'expected an absolute znode path such as /app' });

/** Subtrees that a logical migration moves, and where they go. */
export const movedTreeSchema = z.strictObject({
  from: znodePath,
  to: znodePath.optional().describe('the same path without it'),
});

export const redirectionSchema = z.strictObject({
  batch: z
    .union([
      z.int().min(1).max(10_000),
      z.string().regex(/^([1-9]\d?|100)%$/, { error: 'expected a number, or 1% to 100%' }),
    ])
    .default('25%')
    .describe('how many of the clients are redirected together'),
  pauseMs: z
    .int()
    .min(0)
    .max(DAY_MS)
    .default(0)
    .describe('how long each batch is left alone before the next one is begun'),
  proofTimeoutMs: z
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(60_000)
    .describe('most a client may take to be seen on the new servers'),
  maxFailures: z
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('with more clients failed than this the run is held'),
});
export type Redirection = z.output<typeof redirectionSchema>;

const gate = gatePolicySchema.optional();

const below = (path: string): string => (path === '/' ? '/' : `${path}/`);
const overlap = (one: string, other: string): boolean =>
  below(one).startsWith(below(other)) || below(other).startsWith(below(one));

export const migrateDataCenterInputSchema = z
  .strictObject({
    source: ensembleRefSchema.describe('where the ensemble is now'),
    target: ensembleRefSchema.describe(
      'where it goes: for stretch and physical servers that are not running yet, for logical a living ensemble',
    ),
    /** What runs need by this name; the same as `source`. */
    ensemble: ensembleRefSchema.optional(),
    mode: z
      .enum(MIGRATION_MODES)
      .describe(
        'stretch: the new servers join, the old leave; physical: the data move as they are, with sessions; logical: the tree is copied into a living ensemble',
      ),
    version: versionSchema
      .optional()
      .describe("with mode stretch: what the new servers run; the old ones' without it"),
    repository: ensembleName
      .optional()
      .describe("with mode physical: of the inventory; the source's own repository without it"),
    trees: z
      .array(movedTreeSchema)
      .min(1)
      .max(64)
      .optional()
      .describe('with mode logical: what is moved; the whole tree without it'),
    fence: z
      .enum(['firewall', 'stop', 'none'])
      .default('firewall')
      .describe(
        'how the old side is closed to clients: firewall by nft on each host; stop, with mode physical, by stopping its servers; none, with mode logical and trees, behind gate unfenced',
      ),
    openAfter: z
      .enum(['sessionExpiry', 'fence'])
      .default('sessionExpiry')
      .describe(
        'with mode logical: when the new side opens; fence: at once, though clients of the old may still believe that they hold locks',
      ),
    acceptHarm: z
      .array(z.enum(['kafka']))
      .default([])
      .describe('software that a logical copy is known to harm, and that is let be harmed'),
    redirect: redirectionSchema.prefault({}),
    watchMs: z
      .int()
      .min(0)
      .max(7 * DAY_MS)
      .default(10_000)
      .describe('how long the new side must stay healthy before gate complete asks'),
    gates: z
      .strictObject({
        start: gate,
        nextBatch: gate,
        cutover: gate,
        unfenced: gate,
        complete: gate,
      })
      .default({}),
    ...runFields,
  })
  .superRefine((input, context) => {
    const refuse = (field: string, message: string): void =>
      void context.addIssue({ code: 'custom', path: [field], message });
    const only = (field: 'version' | 'repository' | 'trees', mode: MigrationMode): void => {
      if (input[field] !== undefined && input.mode !== mode)
        refuse(field, `is of mode ${mode}; the mode is ${input.mode}`);
    };
    only('version', 'stretch');
    only('repository', 'physical');
    only('trees', 'logical');
    if (typeof input.source === 'string' && input.source === input.target)
      refuse('target', `is the source itself, ${input.source}; expected another ensemble`);
    if (input.fence === 'stop' && input.mode !== 'physical')
      refuse(
        'fence',
        `stop is of mode physical: mode ${input.mode} needs the old servers until all is over; expected firewall`,
      );
    const trees = (input.trees ?? []).map(({ from, to = from }) => ({ from, to }));
    for (const side of ['from', 'to'] as const)
      for (const [index, tree] of trees.entries()) {
        const other = trees.slice(0, index).find((one) => overlap(one[side], tree[side]));
        if (other)
          refuse(
            'trees',
            `${other[side]} and ${tree[side]} (${side}) overlap; expected subtrees of which none lies in another`,
          );
      }
    if (input.fence === 'none' && (input.mode !== 'logical' || input.trees === undefined))
      refuse(
        'fence',
        `none is only for chosen subtrees (trees) of mode logical; expected firewall${input.mode === 'physical' ? ' or stop' : ''}`,
      );
    if (
      input.ensemble !== undefined &&
      JSON.stringify(input.ensemble) !== JSON.stringify(input.source)
    )
      refuse('ensemble', 'is another than source; leave it out, or give the same');
    for (const { from } of trees)
      if (from === '/zookeeper' || from.startsWith('/zookeeper/'))
        refuse(
          'trees',
          `${from} is of the servers themselves, and is never copied; expected another subtree`,
        );
  });
export type MigrateDataCenterInput = z.output<typeof migrateDataCenterInputSchema>;
export type MigrateDataCenterRequest = z.input<typeof migrateDataCenterInputSchema>;
