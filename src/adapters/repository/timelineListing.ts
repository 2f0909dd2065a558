/**
 * What lies below a timeline, as one listing would show it that is made at one moment: while a writer is at work, it
 * merges and deletes pieces under the reader's hands.
 */
import type { ObjectStore } from '../../model/backupPorts';
import { prefixes } from '../../planning/backup/keys';

/** Key → bytes, in the order of the keys. */
export type Listing = Map<string, number>;

const ATTEMPTS = 8;

export async function listTimeline(
  store: ObjectStore,
  ensemble: string,
  timeline: number,
  signal?: AbortSignal,
): Promise<Listing> {
  const tails = prefixes.tails(ensemble, timeline);
  const listing = await listed(store, prefixes.timeline(ensemble, timeline), signal);
  let pieces = new Map([...listing].filter(([key]) => key.startsWith(tails)));
  for (const key of pieces.keys()) listing.delete(key);
  for (const [key, bytes] of (pieces = await settled(store, tails, pieces, signal))) {
    listing.set(key, bytes);
  }
  return listing;
}

/**
 * A merged piece is put before its parts are deleted. So a listing misses no transaction if one before it began earlier
 * and nothing of that has gone: what was deleted before was merged into something this one shows.
 */
async function settled(
  store: ObjectStore,
  prefix: string,
  first: Listing,
  signal?: AbortSignal,
): Promise<Listing> {
  let before = first;
  for (let attempt = 1; ; attempt += 1) {
    const now = await listed(store, prefix, signal);
    const hasGone = [...before.keys()].some((key) => !now.has(key));
    if (!hasGone || attempt === ATTEMPTS) return now;
    before = now;
  }
}

/** One walk; what changes meanwhile may be in it or not. */
export async function listed(
  store: ObjectStore,
  prefix: string,
  signal?: AbortSignal,
): Promise<Listing> {
  const listing: Listing = new Map();
  for await (const entries of store.list(prefix, signal)) {
    for (const { key, bytes } of entries) listing.set(key, bytes);
  }
  return listing;
}
