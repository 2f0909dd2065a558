/**
 * What lies in a backup repository, beside snapshots and logs: its JSON documents. Zxids are `0x…` strings, times ISO 8601
 * in UTC unless a name ends in `Ms` (milliseconds since 1970). How keys are made: src/planning/backup/keys.ts.
 */
import { z } from 'zod';

export const REPOSITORY_FORMAT = 1;

const zxid = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/, { error: 'expected a zxid such as 0x1f00000a2' });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected a SHA-256, 64 hex digits' });
const isoTime = z.iso.datetime();
const bytes = z.int().min(0);
const key = z.string().min(1).max(1024);

/** An object and what proves that it is the one that was written. */
export const storedObjectSchema = z.strictObject({
  key,
  /** Of the object as it lies there, compressed and encrypted. */
  sha256,
  bytes,
  plainBytes: bytes,
});
export type StoredObject = z.output<typeof storedObjectSchema>;

/** A recipient of age: `age1…`. */
export const ageRecipient = z.string().regex(/^age1[a-z0-9]{50,120}$/, {
  error:
    'expected a recipient of age such as age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
});

export const encryptionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('age'), recipients: z.array(ageRecipient).min(1).max(20) }),
]);
export type Encryption = z.output<typeof encryptionSchema>;

/** Of the document without this field, written with JSON.stringify. Documents of early repositories lack it. */
const selfSha256 = sha256.optional();

export const repositoryDocumentSchema = z.strictObject({
  /** `zkferry-repository`, so that nothing else is taken for one. */
  kind: z.literal('zkferry-repository'),
  format: z.int().min(1),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  createdAt: isoTime,
  encryption: encryptionSchema,
  selfSha256,
});
export type RepositoryDocument = z.output<typeof repositoryDocumentSchema>;

const member = z.strictObject({
  id: z.int(),
  address: z.string().max(300),
  role: z.enum(['participant', 'observer']),
});

export const timelineSchema = z.strictObject({
  number: z.int().min(1).max(9999),
  startedAt: isoTime,
  /** Why it began: the first one, or what no longer fitted. */
  reason: z.string().max(500),
  /** The last transaction that was captured before, in the timeline before. */
  leftAt: zxid.optional(),
});

/** Of one ensemble; whose it is. `members`: of the newest capture, to tell a foreign ensemble by. */
export const ensembleDocumentSchema = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  ensemble: z.string(),
  members: z.array(member),
  timelines: z.array(timelineSchema).min(1),
  updatedAt: isoTime,
  /** Id of the repository it lies in: objects of one repository are not taken for those of another. */
  repository: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  selfSha256,
});
export type EnsembleDocument = z.output<typeof ensembleDocumentSchema>;

export const writerDocumentSchema = z.strictObject({
  generation: z.int().min(1),
  /** Of this writer alone. */
  token: z.string(),
  /** Workflow and run, or process: for people. */
  owner: z.string().max(300),
  startedAt: isoTime,
});
export type WriterDocument = z.output<typeof writerDocumentSchema>;

export const baseManifestSchema = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  id: z.string().regex(/^[0-9a-f]{8}$/),
  snapshot: storedObjectSchema,
  /** Of the snapshot file's name: the log goes on after it. */
  snapshotZxid: zxid,
  /** It restores to this zxid and any later one that the log reaches; of source admin and logical, to this one alone. */
  usableFrom: zxid,
  /**
   * Of a base that no log makes whole, and that is not of one moment: it was read from here to `usableFrom`. Of what was
   * committed in between it has some. Absent where nothing was.
   */
  readFrom: zxid.optional(),
  takenAt: isoTime,
  /** Of the transaction `usableFrom`, or the time it was taken where no transaction tells. */
  usableFromMs: z.int(),
  nodes: z.int().min(0).optional(),
  sessions: z.int().min(0).optional(),
  /**
   * How it was read. `admin`: by the AdminServer; `logical`: by the client port, without sessions, ephemerals, quotas and
   * types of znodes. These two stand alone: no log goes on from them.
   */
  source: z.enum(['stream', 'files', 'admin', 'logical']),
  /** Of the leader or server it came from. */
  serverVersion: z.string().max(100).optional(),
  /** zoo.cfg and java.env of each member, where they could be read: a ConfigurationDocument. */
  configuration: storedObjectSchema.optional(),
  members: z.array(member),
  /** Tree digest where the release has one (3.6+), at `zxid`: signed 64 bits, in decimal. */
  digest: z.strictObject({ zxid, value: z.string() }).optional(),
  selfSha256,
});
export type BaseManifest = z.output<typeof baseManifestSchema>;

export const configurationDocumentSchema = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  files: z.array(
    z.strictObject({ server: z.string(), path: z.string(), text: z.string(), sha256 }),
  ),
  versions: z.record(z.string(), z.string()),
});
export type ConfigurationDocument = z.output<typeof configurationDocumentSchema>;

/** The transactions in `(after, last]`. */
export const logObjectSchema = z.strictObject({
  key,
  after: zxid,
  last: zxid,
  txns: z.int().min(1),
  fromMs: z.int(),
  toMs: z.int(),
  plainBytes: bytes,
  sha256,
  /** Of the object; absent where only its name is known. */
  bytes: bytes.optional(),
});
export type LogObject = z.output<typeof logObjectSchema>;

export const holeSchema = z.strictObject({
  after: zxid,
  upTo: zxid,
  reason: z.string().max(1000),
  at: isoTime,
});
export type Hole = z.output<typeof holeSchema>;

export const MAX_INDEX_SEGMENTS = 512;

export const indexDocumentSchema = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  segments: z.array(logObjectSchema).max(MAX_INDEX_SEGMENTS),
});
export type IndexDocument = z.output<typeof indexDocumentSchema>;

/** The root of a timeline as one generation of writers left it: whatever it does not lead to does not count. */
export const stateDocumentSchema = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  generation: z.int().min(1),
  timeline: z.int().min(1),
  /** In the order of their segments. */
  indexes: z.array(storedObjectSchema),
  /** Manifests of bases that are meant to be there. */
  bases: z.array(storedObjectSchema),
  holes: z.array(holeSchema).max(10_000),
  /** Of the last sealed segment. */
  sealedUpTo: zxid.optional(),
  /** Everything up to it was in the repository when this was written: what reached that far and is gone is missed. */
  durableUpTo: zxid.optional(),
  sealedAt: isoTime,
  /** Of this document without this field, written with JSON.stringify: a changed one is not taken for whole. */
  selfSha256: sha256,
});
export type StateDocument = z.output<typeof stateDocumentSchema>;

export const drillDocumentSchema = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  at: isoTime,
  timeline: z.int().min(1),
  base: z.string(),
  zxid,
  ok: z.boolean(),
  /** What was proven, or what failed, a line each. */
  findings: z.array(z.string().max(2000)).max(1000),
  nodes: z.int().min(0).optional(),
  digest: z.string().optional(),
  serverVersion: z.string().optional(),
  durationMs: z.int().min(0),
  selfSha256,
});
export type DrillDocument = z.output<typeof drillDocumentSchema>;
