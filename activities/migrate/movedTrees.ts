/** What a logical migration copies, as the engine of copies takes it: one job for each subtree. */
import { join } from 'node:path';
import type { CopyPair } from '../../src/adapters/copy/identity';
import type { FollowJob } from '../../src/adapters/copy/options';
import { quorumSecurity } from '../../src/adapters/quorumSecurity';
import { TapSource } from '../../src/adapters/source/tapSource';
import type { TapServer } from '../../src/adapters/tap/findLeader';
import { openTap, type TapOptions } from '../../src/adapters/tap/tap';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import { Selection } from '../../src/tree/copy/selection';
import { backupOf, type Dependencies } from '../dependencies';
import { credentialsOf, membersOf } from '../resolve';

/** What reading a tree takes. */
export type TreeDependencies = Pick<Dependencies, 'secrets' | 'host' | 'backup'>;

export interface MovedTree {
  job: FollowJob;
  selection: Selection;
  source: ResolvedEnsemble;
  target: ResolvedEnsemble;
  /** Of the source, with the addresses where they take learners. */
  servers: readonly TapServer[];
}

/** As the command's follower. */
const BOUNDS = { maxQueuedEvents: 400_000, maxQueuedBytes: 256 << 20, readAheadBytes: 64 << 20 };
const GIVE_UP_AFTER_MS = 30_000;

export const journalsOf = (dependencies: Dependencies): string =>
  join(backupOf(dependencies).spoolDirectory, 'copies');

/** Where the trees come from, where they go, which they are, and by which servers: the target's without `servers`. */
export interface CopyWay {
  source: ResolvedEnsemble;
  target: ResolvedEnsemble;
  roots: { from: string; to: string }[];
  servers?: readonly ResolvedServer[];
}

/** `back`: what was written to the target since, to the source. */
export async function wayOf(
  { inventory }: Dependencies,
  { source, target, trees = [{ from: '/' }] }: MigrateDataCenterInput,
  back: boolean,
): Promise<CopyWay> {
  const [old, fresh] = await Promise.all([inventory.resolve(source), inventory.resolve(target)]);
  const roots = trees.map(({ from, to = from }) => ({ from, to }));
  if (!back) return { source: old, target: fresh, roots };
  return {
    source: fresh,
    target: old,
    roots: roots.map(({ from, to }) => ({ from: to, to: from })),
  };
}

/** What names the copy of a subtree: to its journal, and in messages. */
export const copyPair = (
  source: ResolvedEnsemble,
  target: ResolvedEnsemble,
  selection: CopyPair['selection'],
): CopyPair => ({
  source: `${source.name}${selection.sourceRoot}`,
  target: { shown: target.name },
  selection,
});

export async function movedTrees(
  dependencies: Dependencies,
  { source, target, roots, servers = membersOf(target) }: CopyWay,
  context: OperationContext,
): Promise<MovedTree[]> {
  const directory = backupOf(dependencies).spoolDirectory;
  const access = await tapAccess(dependencies, source, context);
  const auth = await credentialsOf(dependencies, target);
  // Locks of both sides are nobody's data, by whatever name.
  const others = source.znodeRoot === target.znodeRoot ? [] : [target.znodeRoot];
  return roots.map(({ from: sourceRoot, to: targetRoot }) => {
    const selection = new Selection({
      ...{ sourceRoot, targetRoot, ownRoot: source.znodeRoot, exclude: others },
    });
    const pair = copyPair(source, target, selection);
    const job: FollowJob = {
      ...pair,
      openSource: () => openWhole(dependencies, source, context),
      openTap: (zxid) =>
        openTap({ ...access, ...BOUNDS, directory, ...(zxid !== undefined && { from: zxid }) }),
      target: { ...pair.target, servers, auth },
      openTarget: () => openWhole(dependencies, target, context),
      selection,
    };
    return { job, selection, source, target, servers: access.servers };
  });
}

export async function openWhole(
  dependencies: TreeDependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<TapSource> {
  return TapSource.open(ensemble.name, {
    ...(await tapAccess(dependencies, ensemble, context)),
    directory: backupOf(dependencies).spoolDirectory,
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    signal: context.signal,
  });
}

/** Quorum addresses too, by the files on the hosts: under a fence no server tells them. */
async function tapAccess(
  { secrets, host }: TreeDependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<Pick<TapOptions, 'servers' | 'security'>> {
  const security = await quorumSecurity(ensemble, secrets);
  const servers = await Promise.all(
    membersOf(ensemble).map(async (server): Promise<TapServer> => {
      const { host: at, clientPort, id } = server;
      const { members = [] } = await host.observe(server, context, { depth: 'files' });
      const own = members.find((member) => member.id === id);
      return {
        ...{ host: at, clientPort },
        ...(own && { quorumHost: own.host, quorumPort: own.quorumPort }),
      };
    }),
  );
  return { servers, ...(security && { security }) };
}
