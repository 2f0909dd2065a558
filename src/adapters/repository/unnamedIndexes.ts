/**
 * Indexes that the state does not name: superseded ones, those of a writer that died before its state, and, where a
 * newer state is gone, the last that tells which segments there were.
 */
import type { ObjectStore } from '../../model/backupPorts';
import { indexDocumentSchema, type LogObject, type StateDocument } from '../../model/repository';
import { compareZxids } from '../../model/zxid';
import type { ContentFinding } from '../../planning/backup/contents';
import { parseKey } from '../../planning/backup/parseKey';
import { damageOf } from './damage';
import { readDocument } from './documents';
import { isItsOwnName } from './readSegments';
import type { Listing } from './timelineListing';

/**
 * Segments beyond what the state knows that are in no listing. A writer puts a segment before its index, and no
 * retention takes what is that new: they were lost. An index that does not read tells nothing.
 */
export async function lostSegments(
  store: ObjectStore,
  folder: string,
  { indexes, sealedUpTo = '0x0' }: StateDocument,
  listing: Listing,
  signal?: AbortSignal,
): Promise<ContentFinding[]> {
  const named = new Set(indexes.map(({ key }) => key));
  const unnamed = [...listing.keys()].filter(
    (key) => parseKey(key)?.kind === 'index' && !named.has(key),
  );
  const lost = new Map<string, ContentFinding>();
  for (const index of unnamed)
    for (const segment of await segmentsOf(store, index, signal)) {
      const isNewer = compareZxids(segment.last, sealedUpTo) > 0;
      if (isNewer && isItsOwnName(segment, folder) && !listing.has(segment.key))
        lost.set(segment.key, missing(segment, index));
    }
  return [...lost.values()];
}

async function segmentsOf(
  store: ObjectStore,
  index: string,
  signal?: AbortSignal,
): Promise<LogObject[]> {
  try {
    return (await readDocument(store, index, indexDocumentSchema, signal)).document.segments;
  } catch (error) {
    damageOf(error);
    return [];
  }
}

const missing = ({ key, after, last }: LogObject, index: string): ContentFinding => ({
  code: 'ObjectMissing',
  severity: 'error',
  key,
  message: `${key} is missing, although ${index} lists it: nothing in (${after}, ${last}] can be restored from it`,
});
