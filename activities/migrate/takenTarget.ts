/** Whether the places that a logical migration copies to are empty, by reading only, and little of it. */
import { pairOf } from '../../src/adapters/copy/identity';
import { CopyJournal } from '../../src/adapters/copy/journal';
import { concerned } from '../../src/adapters/copy/targetLook';
import { unlessCode } from '../../src/adapters/zookeeper/ownedNodes';
import type { Finding } from '../../src/model/facts';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { OperationContext, ZkSession } from '../../src/model/ports';
import { takenFinding } from '../../src/planning/move/takenTarget';
import type { Dependencies } from '../dependencies';
import { withSession } from '../resolve';
import { copyPair, journalsOf } from './movedTrees';

/** Enough to tell that somebody uses it. */
const MAX_COUNTED = 1_000;
const MAX_REQUESTS = 200;

/**
 * A place that an unfinished copy between the same two has begun to fill is nobody else's: it is gone on with.
 * @throws ZkferryError ZooKeeperUnavailable where the target does not serve
 */
export const takenFindings = (
  dependencies: Dependencies,
  source: ResolvedEnsemble,
  target: ResolvedEnsemble,
  trees: NonNullable<MigrateDataCenterInput['trees']>,
  { signal }: OperationContext,
): Promise<Finding[]> =>
  withSession(dependencies, target, { signal }, async (session) => {
    const findings: Finding[] = [];
    for (const { from, to = from } of trees) {
      signal.throwIfAborted();
      const below = await znodesBelow(session, to);
      if (
        below.paths.length === 0 ||
        (await isBegun(dependencies, session, source, from, target, to))
      )
        continue;
      findings.push(takenFinding({ ensemble: target.name, root: to, ...below }));
    }
    return findings;
  });

/** Breadth first; what the credentials may not list counts as empty. */
async function znodesBelow(
  session: Pick<ZkSession, 'children'>,
  root: string,
): Promise<{ paths: string[]; count: number; more: boolean }> {
  const list = (path: string): Promise<string[]> =>
    unlessCode(['NoNode', 'NoAuth'], () => session.children(path), []);
  const at = (parent: string, child: string) => `${parent === '/' ? '' : parent}/${child}`;
  const paths = concerned(root, await list(root))
    .sort()
    .map((child) => at(root, child));
  let requests = 1;
  for (let index = 0; index < paths.length; index += 1) {
    if (paths.length > MAX_COUNTED || requests === MAX_REQUESTS)
      return { paths, count: Math.min(paths.length, MAX_COUNTED), more: true };
    requests += 1;
    const children = await list(paths[index]!);
    paths.push(...children.sort().map((child) => at(paths[index]!, child)));
  }
  return { paths, count: paths.length, more: false };
}

/** Its marker tells that the journal is of this very target, and not of one that had its name before. */
async function isBegun(
  dependencies: Dependencies,
  session: Pick<ZkSession, 'exists'>,
  source: ResolvedEnsemble,
  sourceRoot: string,
  target: ResolvedEnsemble,
  targetRoot: string,
): Promise<boolean> {
  if (dependencies.backup === undefined) return false;
  const pair = pairOf(copyPair(source, target, { sourceRoot, targetRoot }));
  const left = await (await CopyJournal.at(journalsOf(dependencies), pair)).read();
  if (left === undefined || left.phase === 'done') return false;
  // A marker is its copy's own: newer servers tell others no more than that it is there.
  const isThere = async () => (await session.exists(left.markerPath)) !== null;
  return unlessCode(['NoAuth'], isThere, true);
}
