/** The JSON documents of a repository: put as a whole, and believed only where they fit their schema and hash. */
import type { z } from 'zod';
import type { ObjectStore } from '../../model/backupPorts';
import { ZkferryError } from '../../model/errors';
import type { StoredObject } from '../../model/repository';
import { sha256Of } from '../sha256';

/** A state with 10,000 holes is below this. */
export const MAX_DOCUMENT_BYTES = 32 << 20;

/** What `selfSha256` of a document is: of the document without it, as JSON.stringify writes it. */
export function selfSha256Of(document: object): string {
  return sha256Of(JSON.stringify({ ...document, selfSha256: undefined }));
}

/** With the hash that proves it. */
export const proven = <T extends object>(document: T): T & { selfSha256: string } => ({
  ...document,
  selfSha256: selfSha256Of(document),
});

/** RepositoryInvalid for a document that says another hash of itself. */
export function checkSelf(store: ObjectStore, key: string, raw: { selfSha256?: unknown }): void {
  if (raw.selfSha256 === undefined || raw.selfSha256 === selfSha256Of(raw)) return;
  throw invalid(store, key, 'its own SHA-256 does not fit');
}

export async function putDocument(
  store: ObjectStore,
  key: string,
  document: object,
  signal?: AbortSignal,
): Promise<StoredObject> {
  const bytes = encodeDocument(document);
  await store.put(key, bytes, signal);
  return { key, sha256: sha256Of(bytes), bytes: bytes.length, plainBytes: bytes.length };
}

/** For `jq` and people: a line feed ends it. */
export const encodeDocument = (document: object): Buffer =>
  Buffer.from(`${JSON.stringify(document)}\n`);

export interface ReadDocument<T> {
  document: T;
  sha256: string;
  bytes: number;
}

/** ObjectMissing; RepositoryInvalid for one that is no JSON, or does not fit its schema or its own hash. */
export async function readDocument<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  signal?: AbortSignal,
): Promise<ReadDocument<T>> {
  const bytes = await store.get(key, { maxBytes: MAX_DOCUMENT_BYTES, signal });
  const raw = parseJson(store, key, bytes);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue!.path.length === 0 ? 'it' : issue!.path.join('.');
    throw invalid(store, key, `${where}: ${issue!.message}`);
  }
  checkSelf(store, key, raw);
  return { document: parsed.data, sha256: sha256Of(bytes), bytes: bytes.length };
}

export function parseJson(store: ObjectStore, key: string, bytes: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid(store, key, 'it is no JSON');
  }
  if (typeof value !== 'object' || value === null) throw invalid(store, key, 'it is no document');
  return value;
}

export const invalid = (store: ObjectStore, key: string, why: string): ZkferryError =>
  new ZkferryError('RepositoryInvalid', `${key} in ${store.shown} is damaged: ${why}`, {
    details: { key },
  });
