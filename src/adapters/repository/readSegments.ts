/** Sealed log: what the indexes name, as far as the listing has it. */
import type { ObjectStore } from '../../model/backupPorts';
import {
  indexDocumentSchema,
  type LogObject,
  type StateDocument,
  type StoredObject,
} from '../../model/repository';
import type { ContentFinding } from '../../planning/backup/contents';
import { keys, parseLogObjectName } from '../../planning/backup/keys';
import { compareZxids } from '../../model/zxid';
import { damageOf } from './damage';
import { readDocument } from './documents';
import type { Listing } from './timelineListing';

export interface SegmentsRead {
  segments: LogObject[];
  unindexed: LogObject[];
  findings: ContentFinding[];
}

export async function readSegments(
  store: ObjectStore,
  folder: string,
  state: StateDocument | undefined,
  listing: Listing,
  signal?: AbortSignal,
): Promise<SegmentsRead> {
  const findings: ContentFinding[] = [];
  const named = new Map<string, LogObject>();
  for (const index of state?.indexes ?? []) {
    const segments = await readIndex(store, folder, index, state!, findings, signal);
    for (const segment of segments) named.set(segment.key, segment);
  }
  const segments: LogObject[] = [];
  for (const segment of named.values()) {
    const finding = flawOf(segment, listing);
    if (finding === undefined) segments.push({ ...segment, bytes: listing.get(segment.key) });
    else findings.push(finding);
  }
  const unindexed: LogObject[] = [];
  for (const [key, bytes] of listing) {
    if (!key.startsWith(folder) || named.has(key)) continue;
    const object = logObjectOf(key, bytes);
    if (object === undefined) findings.push(unknownObject(key));
    else unindexed.push(object);
  }
  return { segments: segments.sort(byRange), unindexed: unindexed.sort(byRange), findings };
}

/** In the order in which a reader takes them: of those that begin alike, the longest last. */
export const byRange = (a: LogObject, b: LogObject): number =>
  compareZxids(a.after, b.after) || compareZxids(a.last, b.last);

/** What the name of a log object says, and the listing; undefined where it is no such name. */
export function logObjectOf(key: string, bytes: number): LogObject | undefined {
  const facts = parseLogObjectName(key.slice(key.lastIndexOf('/') + 1));
  return facts === undefined ? undefined : { key, ...facts, bytes };
}

export const unknownObject = (key: string): ContentFinding => ({
  code: 'ObjectUnknown',
  severity: 'warning',
  key,
  message: `${key} is no object that zkferry names so, or nothing leads to it: it is not used`,
});

async function readIndex(
  store: ObjectStore,
  folder: string,
  index: StoredObject,
  state: StateDocument,
  findings: ContentFinding[],
  signal?: AbortSignal,
): Promise<LogObject[]> {
  try {
    const read = await readDocument(store, index.key, indexDocumentSchema, signal);
    const { segments } = read.document;
    const foreign = segments.find((segment) => !isItsOwnName(segment, folder));
    if (foreign !== undefined) {
      findings.push(damagedIndex(index.key, `it names ${foreign.key} with facts of another`));
      return [];
    }
    if (read.sha256 === index.sha256) return segments;
    if (isNewer(segments, state)) return segments.filter((segment) => isSealed(segment, state));
    findings.push({
      code: 'IndexOlder',
      severity: 'error',
      key: index.key,
      message: `${index.key} is another version than the state of generation ${state.generation} names: segments that it does not list are not used`,
    });
    return segments;
  } catch (error) {
    const why = damageOf(error);
    if ((error as { type?: string }).type !== 'ObjectMissing') {
      findings.push(damagedIndex(index.key, why));
      return [];
    }
    findings.push({
      code: 'IndexMissing',
      severity: 'error',
      key: index.key,
      message: `${index.key} is missing: the segments that it listed are not used, unless their names tell`,
    });
    return [];
  }
}

/** A writer puts the index before the state: for a moment, or if it died between, the index knows more. */
const isNewer = (segments: readonly LogObject[], state: StateDocument): boolean =>
  state.sealedUpTo !== undefined && segments.some((segment) => !isSealed(segment, state));

const isSealed = (segment: LogObject, { sealedUpTo }: StateDocument): boolean =>
  sealedUpTo === undefined || compareZxids(segment.last, sealedUpTo) <= 0;

/** Whether what an index says of it is what its key says. */
export function isItsOwnName(segment: LogObject, folder: string): boolean {
  if (!segment.key.startsWith(folder)) return false;
  const facts = logObjectOf(segment.key, 0);
  return (
    facts !== undefined &&
    (['after', 'last', 'txns', 'fromMs', 'toMs', 'plainBytes', 'sha256'] as const).every(
      (name) => facts[name] === segment[name],
    )
  );
}

const damagedIndex = (key: string, why: string): ContentFinding => ({
  code: 'IndexDamaged',
  severity: 'error',
  key,
  message: `${key} is not used: ${why}`,
});

function flawOf(segment: LogObject, listing: Listing): ContentFinding | undefined {
  const bytes = listing.get(segment.key);
  const { key, after, last } = segment;
  if (bytes === undefined) {
    return {
      code: 'ObjectMissing',
      severity: 'error',
      key,
      message: `${key} is missing: nothing in (${after}, ${last}] can be restored from it`,
    };
  }
  if (segment.bytes === undefined || segment.bytes === bytes) return undefined;
  return {
    code: 'ObjectDamaged',
    severity: 'error',
    key,
    message: `${key} has ${bytes} bytes where ${segment.bytes} were written: nothing in (${after}, ${last}] can be restored from it`,
  };
}

export const logFolder = (ensemble: string, timeline: number): string =>
  keys.log(ensemble, timeline);
