/** Where a worker keeps backups, as the inventory says it: `repositories` by name. */
import { z } from 'zod';
import { absolutePath, secretReference } from './fields';
import { ageRecipient } from './repository';

const s3Schema = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
    error: 'expected the name of a bucket: 3–63 lower-case letters, digits, "." or "-"',
  }),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, {
      error: 'expected a prefix such as zookeeper/backups, without a slash at either end',
    })
    .optional(),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('of an S3-compatible server; without it, AWS'),
  region: z.string().max(64).default('us-east-1'),
  pathStyle: z
    .boolean()
    .default(false)
    .describe('true: the bucket stands in the path, as most S3-compatible servers want it'),
  accessKeyId: secretReference.optional().describe('without it, as the AWS SDK finds it'),
  secretAccessKey: secretReference.optional(),
});
export type S3Spec = z.output<typeof s3Schema>;

export const repositorySpecSchema = z
  .strictObject({
    directory: absolutePath.optional().describe('on the worker'),
    s3: s3Schema.optional(),
    encryption: z
      .union([
        z.literal('none'),
        z.strictObject({
          recipients: z.array(ageRecipient).min(1).max(20),
          identity: secretReference
            .optional()
            .describe(
              'AGE-SECRET-KEY-1… of one recipient: needed for restoring and proving, not for capturing',
            ),
        }),
      ])
      .describe(
        '"none", or to whom objects are encrypted: they hold session ids, ACL hashes and all data',
      ),
    retention: z
      .strictObject({
        bases: z.int().min(1).max(10_000).optional().describe('keep at least so many, the newest'),
        days: z
          .int()
          .min(1)
          .max(3_650)
          .optional()
          .describe('keep every transaction of so many days'),
        daily: z
          .int()
          .min(0)
          .max(3_650)
          .default(0)
          .describe('beyond that, the first base of each of so many days'),
        weekly: z.int().min(0).max(520).default(0),
      })
      .default({ bases: 2, days: 7, daily: 0, weekly: 0 }),
  })
  .superRefine(({ directory, s3 }, context) => {
    if ((directory === undefined) === (s3 === undefined))
      context.addIssue({
        code: 'custom',
        path: [],
        message: 'expected either directory or s3, and not both',
      });
    if (s3 !== undefined && (s3.accessKeyId === undefined) !== (s3.secretAccessKey === undefined))
      context.addIssue({
        code: 'custom',
        path: ['s3', 'secretAccessKey'],
        message: 'expected accessKeyId and secretAccessKey, or neither',
      });
  });
export type RepositorySpec = z.output<typeof repositorySpecSchema>;
export type RetentionSpec = RepositorySpec['retention'];
