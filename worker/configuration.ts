/** What a worker is told by its environment. Everything that is wrong is said at once. */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { APPROVAL_MODES } from '../src/model/approval';
import { parseOrThrow } from '../src/model/validation';

const flag = z
  .enum(['0', '1', 'true', 'false'])
  .default('0')
  .transform((text) => text === '1' || text === 'true');

const environmentSchema = z
  .object({
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^\S+:\d+$/, { error: 'expected host:port' })
      .default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
    ZKFERRY_INVENTORY: z
      .string()
      .min(1)
      .default('zkferry.yaml')
      .describe('an inventory file, or a directory of them'),
    ZKFERRY_ALLOW_INLINE: flag.describe('accept ensembles given inline in an input'),
    ZKFERRY_SITE: z
      .string()
      .min(1)
      .optional()
      .describe('also serve activities of this site: task queue zkferry.<site>'),
    ZKFERRY_SECRET_FILE: z
      .string()
      .min(1)
      .default(
        join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'zkferry', 'secret'),
      )
      .describe(
        'key behind the ACL of lock and canary; workers of one Temporal cluster share it; made if missing',
      ),
    ZKFERRY_STATE: z
      .string()
      .min(1)
      .default(join(tmpdir(), 'zkferry'))
      .describe('where an ensemble’s tree lies while a plan looks at it'),
    ZKFERRY_APPROVALS: z
      .enum(APPROVAL_MODES)
      .default('open')
      .describe('signed: what steers a run counts with a signature of zkferry server only'),
    ZKFERRY_APPROVAL_KEYS: z
      .string()
      .min(1)
      .optional()
      .describe('file of the public keys of zkferry server, for signed'),
    ZKFERRY_LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info'),
    ZKFERRY_MAX_ACTIVITIES: z.coerce.number().int().min(2).max(1_000).default(50),
    ZKFERRY_SHUTDOWN_GRACE_MS: z.coerce.number().int().min(0).max(600_000).default(10_000),
  })
  .refine(
    ({ ZKFERRY_APPROVALS: mode, ZKFERRY_APPROVAL_KEYS: keys }) =>
      mode === 'open' || keys !== undefined,
    {
      path: ['ZKFERRY_APPROVAL_KEYS'],
      error:
        'expected a file of public keys, since ZKFERRY_APPROVALS is signed; make them with zkferry keys create',
    },
  );

export type WorkerConfiguration = z.output<typeof environmentSchema>;

export function readConfiguration(environment: NodeJS.ProcessEnv): WorkerConfiguration {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  return parseOrThrow(environmentSchema, given, "the worker's environment");
}
