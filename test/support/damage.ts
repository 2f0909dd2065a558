/** What can happen to the objects of a repository, wherever it lies. */
import type { ObjectStore } from '../../src/model/backupPorts';
import { parseKey, type ParsedKey } from '../../src/planning/backup/parseKey';

export type ObjectKind = ParsedKey['kind'];

/** Keys of everything that is there, by kind, each in the order of the keys. */
export async function objectsIn(store: ObjectStore): Promise<Map<ObjectKind, string[]>> {
  const found = new Map<ObjectKind, string[]>();
  for await (const entries of store.list(''))
    for (const { key } of entries) {
      const kind = parseKey(key)?.kind;
      if (kind !== undefined) found.set(kind, [...(found.get(kind) ?? []), key]);
    }
  return found;
}

export async function copyObjects(from: ObjectStore, to: ObjectStore): Promise<void> {
  for await (const entries of from.list(''))
    for (const { key } of entries) await to.put(key, await from.get(key));
}

/** `other`: an object of the same kind, here or elsewhere. */
export type Damage = (
  store: ObjectStore,
  key: string,
  other: { store: ObjectStore; key: string },
) => Promise<void>;

export const truncated: Damage = async (store, key) => {
  const body = await store.get(key);
  await store.put(key, body.subarray(0, body.length >> 1));
};

export const flipped: Damage = async (store, key) => {
  const body = Buffer.from(await store.get(key));
  body[body.length >> 1]! ^= 1;
  await store.put(key, body);
};

export const deleted: Damage = (store, key) => store.delete([key]);

export const swapped: Damage = async (store, key, other) => {
  const [one, two] = [await store.get(key), await other.store.get(other.key)];
  await store.put(key, two);
  await other.store.put(other.key, one);
};

export const damages: Record<string, Damage> = {
  truncated,
  'flipped in one bit': flipped,
  deleted,
  'swapped with another of its kind': swapped,
};
