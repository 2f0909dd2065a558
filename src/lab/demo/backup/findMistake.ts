/** Who deleted a subtree, and when, by the history of its path in the repository. */
import { chooseFrom } from '../../../adapters/restore/fromRepository';
import { pathHistory } from '../../../adapters/repository/pathHistory';
import type { Repository } from '../../../adapters/repository/repository';
import type { Mistake } from '../types';

/** More changes than the demo makes below its path. */
const MOST_CHANGES = 100_000;

/** Undefined while the log does not have the deletion of the path itself. */
export async function findMistake(
  repository: Repository,
  ensemble: string,
  path: string,
  signal: AbortSignal,
): Promise<Omit<Mistake, 'foundInMs'> | undefined> {
  const contents = await repository.contents(ensemble);
  const newest = await chooseFrom(repository, contents, { kind: 'latest' }, {}, signal);
  const { changes } = await pathHistory(repository, contents, newest, path, {
    ...{ below: true, limit: MOST_CHANGES, signal },
  });
  const last = changes.findLast((entry) => entry.change === 'deleted' && entry.path === undefined);
  if (last === undefined) return undefined;
  const { session, zxid: lastZxid } = last;
  const deletions = changes.filter(
    (entry) => entry.change === 'deleted' && entry.session === session,
  );
  const { zxid: firstZxid, time } = deletions[0]!;
  return { path, session, firstZxid, lastZxid, time, deletions: deletions.length };
}
