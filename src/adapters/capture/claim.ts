/** Who captures an ensemble: a generation of one's own, and whether the ensemble is the one that is there already. */
import { randomBytes } from 'node:crypto';
import { isZkferryError, ZkferryError } from '../../model/errors';
import {
  ensembleDocumentSchema,
  REPOSITORY_FORMAT,
  type EnsembleDocument,
  type WriterDocument,
} from '../../model/repository';
import { keys, prefixes } from '../../planning/backup/keys';
import { proven } from '../repository/documents';
import type { Repository } from '../repository/repository';

export type Members = EnsembleDocument['members'];

const MAX_CLAIMS = 20;
const GENERATION = /\/(\d{8})\.json$/;

/** The highest generation that was ever claimed; 0 where none was. */
async function newestGeneration(
  repository: Repository,
  ensemble: string,
  signal?: AbortSignal,
): Promise<number> {
  let newest = 0;
  for await (const entries of repository.store.list(prefixes.writers(ensemble), signal))
    for (const { key } of entries)
      newest = Math.max(newest, Number(GENERATION.exec(key)?.[1] ?? 0));
  return newest;
}

/** Claims the next generation; of two writers at once each gets another, and the higher one counts. */
export async function claimGeneration(
  repository: Repository,
  ensemble: string,
  owner: string,
  signal?: AbortSignal,
): Promise<number> {
  for (let attempt = 0; attempt < MAX_CLAIMS; attempt += 1) {
    const generation = (await newestGeneration(repository, ensemble, signal)) + 1;
    const document: WriterDocument = {
      generation,
      token: randomBytes(16).toString('hex'),
      owner,
      startedAt: new Date().toISOString(),
    };
    const body = Buffer.from(JSON.stringify(document));
    if (await repository.store.putNew(keys.writer(ensemble, generation), body, signal))
      return generation;
  }
  throw new ZkferryError(
    'RepositoryUnavailable',
    `${MAX_CLAIMS} other writers claimed ${ensemble} in ${repository.store.shown} meanwhile: see who captures it, and let one do it`,
    { retryable: true },
  );
}

/** Rejects with WriterReplaced where a newer generation exists. */
export async function refuseIfReplaced(
  repository: Repository,
  ensemble: string,
  generation: number,
  signal?: AbortSignal,
): Promise<void> {
  const newest = await newestGeneration(repository, ensemble, signal);
  if (newest > generation)
    throw new ZkferryError(
      'WriterReplaced',
      `writer ${newest} captures ${ensemble} into ${repository.store.shown} now; this was writer ${generation}, and stops`,
    );
}

/** What is known of the ensemble there; undefined where nothing is. RepositoryInvalid where it cannot be read. */
export async function readEnsemble(
  repository: Repository,
  ensemble: string,
  signal?: AbortSignal,
): Promise<EnsembleDocument | undefined> {
  try {
    return await repository.getDocument(keys.ensemble(ensemble), ensembleDocumentSchema, {
      signal,
    });
  } catch (error) {
    if (isZkferryError(error) && error.type === 'ObjectMissing') return undefined;
    throw error;
  }
}

/** As `readEnsemble`; NotRestorable where nothing is there. */
export async function ensembleOf(
  repository: Repository,
  ensemble: string,
  signal?: AbortSignal,
): Promise<EnsembleDocument> {
  const known = await readEnsemble(repository, ensemble, signal);
  if (known !== undefined) return known;
  throw new ZkferryError(
    'NotRestorable',
    `${repository.store.shown} holds nothing of an ensemble ${ensemble}: it holds ${(await repository.ensembles(signal)).join(', ') || 'none'}`,
  );
}

/** One member in common, by its address, is enough: ensembles are resized and moved bit by bit. */
export function refuseForeign(document: EnsembleDocument, members: Members, shown: string): void {
  const known = new Set(document.members.map(({ address }) => address));
  if (known.size === 0 || members.length === 0) return;
  if (members.some(({ address }) => known.has(address))) return;
  throw new ZkferryError(
    'ForeignEnsemble',
    `${shown} holds an ensemble ${document.ensemble} of ${[...known].join(', ')}, and none of these is a member of this one (${members.map(({ address }) => address).join(', ')}): take another repository or name, or accept it, if it is the same ensemble elsewhere (--accept-foreign, or acceptForeign in the input of a run)`,
  );
}

export async function writeEnsemble(
  repository: Repository,
  ensemble: string,
  document: Pick<EnsembleDocument, 'members' | 'timelines'>,
  signal?: AbortSignal,
): Promise<void> {
  await repository.putDocument(
    keys.ensemble(ensemble),
    proven({
      format: REPOSITORY_FORMAT,
      ensemble,
      ...document,
      updatedAt: new Date().toISOString(),
      repository: repository.document.id,
    } satisfies EnsembleDocument),
    signal,
  );
}
