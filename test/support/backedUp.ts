/** A repository with the backups of one ensemble, small, and written as a writer writes it. */
import { selfSha256Of } from '../../src/adapters/repository/documents';
import { createRepository } from '../../src/adapters/repository/openRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import type { LogObject, StateDocument, StoredObject } from '../../src/model/repository';
import { keys } from '../../src/planning/backup/keys';
import { putLogObject, range } from './logObjects';
import type { Place } from './stores';

export const E = 'orders';
const AT = '2026-01-01T00:00:00.000Z';

export interface Made {
  place: Place;
  repository: Repository;
  segments: LogObject[];
  pieces: LogObject[];
  indexes: StoredObject[];
  bases: StoredObject[];
  state: StoredObject;
}

/** The state of timeline 1 as that generation leaves it. */
export async function putState(
  repository: Repository,
  generation: number,
  indexes: StoredObject[],
  bases: StoredObject[],
  sealedUpTo: string,
): Promise<StoredObject> {
  const rest: Omit<StateDocument, 'selfSha256'> = {
    format: 1,
    generation,
    timeline: 1,
    indexes,
    bases,
    holes: [],
    sealedUpTo,
    sealedAt: AT,
  };
  return repository.putDocument(keys.state(E, 1, generation), {
    ...rest,
    selfSha256: selfSha256Of(rest),
  });
}

async function putBase(repository: Repository, zxid: string, id: string): Promise<StoredObject> {
  const of = [E, 1, zxid, id] as const;
  const snapshot = await repository.putSealed(keys.baseSnapshot(...of, false), Buffer.from(id));
  return repository.putDocument(keys.baseManifest(...of), {
    format: 1,
    id,
    snapshot,
    snapshotZxid: zxid,
    usableFrom: zxid,
    takenAt: AT,
    usableFromMs: 1,
    source: 'stream',
    members: [],
  });
}

/** Of timeline 1 alone. */
export const putEnsemble = (repository: Repository): Promise<StoredObject> =>
  repository.putDocument(keys.ensemble(E), {
    format: 1,
    ensemble: E,
    members: [],
    timelines: [{ number: 1, startedAt: AT, reason: 'first' }],
    updatedAt: AT,
  });

/** Three segments in two indexes, two pieces of two generations, two bases, and the states of both generations. */
export async function make(place: Place): Promise<Made> {
  const repository = await createRepository(place.store, { kind: 'none' });
  await putEnsemble(repository);
  const log = keys.log(E, 1);
  const segments = [
    await putLogObject(repository, log, 0, range(1, 10)),
    await putLogObject(repository, log, 10, range(11, 20)),
    await putLogObject(repository, log, 20, range(21, 30)),
  ];
  const pieces = [
    await putLogObject(repository, keys.pieces(E, 1, 1), 30, range(31, 33)),
    await putLogObject(repository, keys.pieces(E, 1, 2), 33, range(34, 40)),
  ];
  const bases = [
    await putBase(repository, '0x1', '00000001'),
    await putBase(repository, '0xf', '00000002'),
  ];
  const index = (number: number, some: LogObject[]): Promise<StoredObject> =>
    repository.putDocument(keys.index(E, 1, 2, number), { format: 1, segments: some });
  const indexes = [await index(1, segments.slice(0, 2)), await index(2, segments.slice(2))];
  await putState(repository, 1, indexes.slice(0, 1), bases.slice(0, 1), '0x14');
  const state = await putState(repository, 2, indexes, bases, '0x1e');
  return { place, repository, segments, pieces, indexes, bases, state };
}
