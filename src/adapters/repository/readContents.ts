/** What a repository holds of one ensemble. Damage becomes findings; only a place that cannot be read is an error. */
import type { ObjectStore } from '../../model/backupPorts';
import { isZkferryError, ZkferryError } from '../../model/errors';
import {
  ensembleDocumentSchema,
  REPOSITORY_FORMAT,
  type EnsembleDocument,
  type LogObject,
  type RepositoryDocument,
  type StateDocument,
} from '../../model/repository';
import type {
  ContentFinding,
  EnsembleContents,
  TimelineContents,
} from '../../planning/backup/contents';
import { isEnsembleName, keys, prefixes, REPOSITORY_KEY } from '../../planning/backup/keys';
import { olderState } from '../../planning/backup/olderState';
import { damageOf } from './damage';
import { readDocument } from './documents';
import { readBases } from './readBases';
import { byRange, logFolder, logObjectOf, readSegments, unknownObject } from './readSegments';
import { readState, type StateRead } from './readState';
import { listed, listTimeline, type Listing } from './timelineListing';
import { lostSegments } from './unnamedIndexes';

/** How often a timeline is looked at anew because its writer sealed meanwhile. */
const ATTEMPTS = 5;

/** ObjectMissing where nothing is there of that ensemble: names those that are. */
export async function readContents(
  store: ObjectStore,
  ensemble: string,
  { id, encryption }: Pick<RepositoryDocument, 'id' | 'encryption'>,
  signal?: AbortSignal,
): Promise<EnsembleContents> {
  const numbers = isEnsembleName(ensemble)
    ? (await store.folders(prefixes.ensemble(ensemble), signal))
        .filter((name) => /^\d{4}$/.test(name) && name !== '0000')
        .map(Number)
    : [];
  const isEncrypted = encryption.kind !== 'none';
  const { document, findings } = await readEnsemble(store, id, ensemble, numbers, signal);
  const all = new Set([...document.timelines.map(({ number }) => number), ...numbers]);
  const timelines: TimelineContents[] = [];
  for (const number of [...all].sort((a, b) => a - b)) {
    timelines.push(await readTimeline(store, { ensemble, timeline: number, isEncrypted }, signal));
  }
  timelines[0]?.findings.unshift(...findings);
  return { ensemble, document, timelines };
}

async function readEnsemble(
  store: ObjectStore,
  id: string,
  ensemble: string,
  numbers: readonly number[],
  signal?: AbortSignal,
): Promise<{ document: EnsembleDocument; findings: ContentFinding[] }> {
  if (!isEnsembleName(ensemble)) throw await noBackups(store, ensemble, signal);
  const key = keys.ensemble(ensemble);
  try {
    const { document } = await readDocument(store, key, ensembleDocumentSchema, signal);
    if (document.ensemble !== ensemble)
      return withoutDocument(ensemble, numbers, `it is that of ${document.ensemble}`);
    const { repository: whose = id } = document;
    return { document, findings: whose === id ? [] : [ofAnother(key, whose, id)] };
  } catch (error) {
    const isMissing = isZkferryError(error) && error.type === 'ObjectMissing';
    if (isMissing && numbers.length === 0) throw await noBackups(store, ensemble, signal);
    return withoutDocument(ensemble, numbers, damageOf(error));
  }
}

/** Either of the two documents may be the wrong one; what lies there proves itself. */
const ofAnother = (key: string, whose: string, id: string): ContentFinding => ({
  code: 'EnsembleDamaged',
  severity: 'error',
  key,
  message: `${key} is of the repository ${whose}, and ${REPOSITORY_KEY} says that this is ${id}: one of the two was put there from elsewhere`,
});

/** What can be said without ensemble.json: which timelines there are. */
function withoutDocument(
  ensemble: string,
  numbers: readonly number[],
  why: string,
): { document: EnsembleDocument; findings: ContentFinding[] } {
  const key = keys.ensemble(ensemble);
  const unknown = new Date(0).toISOString();
  const message = `${key} is not used: ${why}; whose backups these are and when their timelines began is not known`;
  return {
    document: {
      format: REPOSITORY_FORMAT,
      ensemble,
      members: [],
      timelines: (numbers.length === 0 ? [1] : numbers).map((number) => ({
        number,
        startedAt: unknown,
        reason: `not known: ${key} is damaged`,
      })),
      updatedAt: unknown,
    },
    findings: [{ code: 'EnsembleDamaged', severity: 'error', key, message }],
  };
}

async function noBackups(
  store: ObjectStore,
  ensemble: string,
  signal?: AbortSignal,
): Promise<ZkferryError> {
  const others = (await store.folders('', signal)).filter(isEnsembleName).slice(0, 20);
  const known = others.length === 0 ? 'it holds none of any' : `it holds ${others.join(', ')}`;
  return new ZkferryError(
    'ObjectMissing',
    `no backups of ${ensemble.slice(0, 100)} are in ${store.shown}: ${known}; correct the name`,
  );
}

interface Whose {
  ensemble: string;
  timeline: number;
  isEncrypted: boolean;
}

/**
 * A state and what is listed after it belong together where the state is still the same afterwards. Where its writer
 * always seals meanwhile, the last look has to do: what a state names stays, but for what retention takes.
 */
async function readTimeline(
  store: ObjectStore,
  whose: Whose,
  signal?: AbortSignal,
): Promise<TimelineContents> {
  const { ensemble, timeline } = whose;
  let before = await stateNow(store, ensemble, timeline, signal);
  for (let attempt = 1; ; attempt += 1) {
    const listing = await listTimeline(store, ensemble, timeline, signal);
    const read =
      before.state === undefined
        ? await readState(store, ensemble, timeline, listing, signal)
        : before;
    const contents = await assembled(store, whose, listing, read, signal);
    const after = await stateNow(store, ensemble, timeline, signal);
    // What came after the listing began it need not have.
    const now = { ...contents, durableUpTo: before.state?.durableUpTo };
    if (isSame(before.state, after.state)) return now;
    // That what was sealed meanwhile is beyond the state says nothing.
    if (attempt === ATTEMPTS)
      return { ...now, findings: now.findings.filter(({ code }) => code !== 'StateOlder') };
    before = after;
  }
}

async function stateNow(
  store: ObjectStore,
  ensemble: string,
  timeline: number,
  signal?: AbortSignal,
): Promise<StateRead> {
  const listing = await listed(store, prefixes.states(ensemble, timeline), signal);
  return readState(store, ensemble, timeline, listing, signal);
}

/** But for what says how far the writer is, and when. */
const isSame = (one: StateDocument | undefined, other: StateDocument | undefined): boolean =>
  essence(one) === essence(other);

const essence = (state: StateDocument | undefined): string =>
  JSON.stringify({ ...state, durableUpTo: '', sealedAt: '', selfSha256: '' });

async function assembled(
  store: ObjectStore,
  whose: Whose,
  listing: Listing,
  { state, findings }: StateRead,
  signal?: AbortSignal,
): Promise<TimelineContents> {
  const { ensemble, timeline } = whose;
  const folder = logFolder(ensemble, timeline);
  const log = await readSegments(store, folder, state, listing, signal);
  const lost = state === undefined ? [] : await lostSegments(store, folder, state, listing, signal);
  const tails = prefixes.tails(ensemble, timeline);
  const pieces: LogObject[] = [];
  const unknown: ContentFinding[] = [];
  for (const [key, bytes] of listing) {
    if (!key.startsWith(tails)) continue;
    const piece = logObjectOf(key, bytes);
    if (piece === undefined) unknown.push(unknownObject(key));
    else pieces.push(piece);
  }
  const held = {
    number: timeline,
    generation: state?.generation ?? 0,
    segments: log.segments,
    pieces: pieces.sort(byRange),
    holes: state?.holes ?? [],
    sealedUpTo: state?.sealedUpTo,
    indexes: state?.indexes ?? [],
    unindexed: log.unindexed,
  };
  const older =
    state === undefined ? [] : olderState(held, keys.state(ensemble, timeline, state.generation));
  const isDoubtful = findings.length > 0 || older.length > 0;
  const bases = await readBases(store, whose, { state, isDoubtful }, listing, signal);
  return {
    ...held,
    bases: bases.bases,
    findings: [...findings, ...bases.findings, ...log.findings, ...lost, ...unknown, ...older],
  };
}
