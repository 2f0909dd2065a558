/** Transactions out of a repository that a writer is at work in: what it merges or seals meanwhile is read in its new place. */
import { isZkferryError } from '../../model/errors';
import type { LogObject } from '../../model/repository';
import { islandsOf } from '../../planning/backup/logCover';
import { parseKey } from '../../planning/backup/parseKey';
import { isGone } from './damage';
import { readTxns, type RawTxn, type ReadTxnsOptions } from './readLog';
import type { Repository } from './repository';

/** A writer seals once a second at most. */
const ATTEMPTS = 20;

/** As `readTxns`. */
export async function* readMoving(
  repository: Repository,
  objects: readonly LogObject[],
  options: ReadTxnsOptions,
): AsyncGenerator<RawTxn> {
  let { after } = options;
  let left = objects;
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const txn of readTxns(repository, left, { ...options, after })) {
        yield txn;
        after = txn.zxid;
      }
      return;
    } catch (error) {
      const moved = attempt < ATTEMPTS ? await movedFrom(repository, error, options.signal) : [];
      if (moved.length === 0) throw error;
      left = moved;
    }
  }
}

/** All log objects that are there now; none where it was no piece that is gone. */
async function movedFrom(
  repository: Repository,
  error: unknown,
  signal?: AbortSignal,
): Promise<LogObject[]> {
  if (!isGone(error) || !isZkferryError(error)) return [];
  const { key } = error.options.details as { key: string };
  const piece = parseKey(key);
  if (piece?.kind !== 'piece') return [];
  const { timelines } = await repository.contents(piece.ensemble, signal);
  const timeline = timelines.find(({ number }) => number === piece.timeline);
  const isListed = timeline?.pieces.some((one) => one.key === key) ?? true;
  return isListed ? [] : islandsOf(timeline!).flatMap((island) => island.objects);
}
