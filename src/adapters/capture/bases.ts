/** The bases of one timeline, as the writer that captures it knows them. */
import { baseManifestSchema, type BaseManifest, type StoredObject } from '../../model/repository';
import { prefixes } from '../../planning/backup/keys';
import type { Repository } from '../repository/repository';
import { sha256Of } from '../sha256';

const MAX_MANIFEST_BYTES = 1 << 20;

export interface KnownBase {
  manifest: BaseManifest;
  stored: StoredObject;
}

/** Reads the manifests that are there and not known yet; one that does not read as such is left out. */
export async function findBases(
  repository: Repository,
  place: { ensemble: string; timeline: number },
  known: ReadonlyMap<string, KnownBase>,
  signal?: AbortSignal,
): Promise<Map<string, KnownBase>> {
  const found = new Map<string, KnownBase>();
  const prefix = prefixes.bases(place.ensemble, place.timeline);
  for await (const entries of repository.store.list(prefix, signal))
    for (const { key } of entries) {
      if (!key.endsWith('.json')) continue;
      const base = known.get(key) ?? (await read(repository, key, signal));
      if (base !== undefined) found.set(key, base);
    }
  return found;
}

async function read(
  repository: Repository,
  key: string,
  signal?: AbortSignal,
): Promise<KnownBase | undefined> {
  const body = await repository.store.get(key, { maxBytes: MAX_MANIFEST_BYTES, signal });
  const parsed = baseManifestSchema.safeParse(asJson(body));
  if (!parsed.success) return undefined;
  const sha256 = sha256Of(body);
  const { length: bytes } = body;
  return { manifest: parsed.data, stored: { key, sha256, bytes, plainBytes: bytes } };
}

function asJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
