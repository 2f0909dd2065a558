/** What writers before have left unsealed is sealed as it is: it need not be read, which without a key it could not be. */
import { isZkferryError } from '../../model/errors';
import type { LogObject } from '../../model/repository';
import { keys } from '../../planning/backup/keys';
import { compareZxids } from '../../model/zxid';
import { chain } from '../../planning/backup/logCover';
import type { TimelineContents } from '../../planning/backup/contents';
import type { Repository } from '../repository/repository';
import { sha256Of } from '../sha256';

export interface Adopted {
  segments: LogObject[];
  /** Pieces that were copied, or come before what is sealed now: nobody needs them any more. */
  spent: LogObject[];
  /** False where an object was gone or torn: a writer that still worked may have merged it into another. */
  isWhole: boolean;
}

/**
 * Copies into log/ what goes on after the last segment. The first object whose bytes are not those of its name, torn by
 * a crash, ends it: everything after will be captured again.
 */
export async function adopt(
  repository: Repository,
  ensemble: string,
  contents: TimelineContents,
  signal?: AbortSignal,
): Promise<Adopted> {
  const { pieces, sealedUpTo, number } = contents;
  const folder = keys.log(ensemble, number);
  const segments: LogObject[] = [];
  const from = sealedUpTo ?? beginningOf(contents);
  const wanted = from === undefined ? [] : chain(contents, from);
  for (const object of wanted) {
    if (!(await isIntact(repository, object, signal))) break;
    const key = `${folder}${object.key.slice(object.key.lastIndexOf('/') + 1)}`;
    if (key !== object.key) await repository.store.copy(object.key, key, signal);
    segments.push({ ...object, key });
  }
  const end = BigInt(segments.at(-1)?.last ?? sealedUpTo ?? 0);
  return {
    segments,
    spent: pieces.filter(({ last }) => BigInt(last) <= end),
    isWhole: segments.length === wanted.length,
  };
}

/** Of a log of which nothing has been sealed yet. */
const beginningOf = ({ pieces, unindexed }: TimelineContents): string | undefined =>
  [...pieces, ...unindexed].map(({ after }) => after).sort(compareZxids)[0];

async function isIntact(
  repository: Repository,
  { key, sha256 }: LogObject,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const body = await repository.store.get(key, { signal });
    return sha256Of(body) === sha256;
  } catch (error) {
    if (isZkferryError(error) && error.type === 'ObjectMissing') return false;
    throw error;
  }
}
