/** Where the target of a physical move starts from. */
import { chooseFrom, openExtraction } from '../../src/adapters/restore/fromRepository';
import { notHeldAt } from '../../src/adapters/move/notHeldAt';
import { ZkferryError } from '../../src/model/errors';
import type { Finding } from '../../src/model/facts';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { PinMovePointArgs, PinnedMove } from '../../src/model/physicalMove';
import type { OperationContext } from '../../src/model/ports';
import { formatVersion, parseVersion } from '../../src/model/version';
import { standsAlone } from '../../src/planning/backup/standAlone';
import { notHeldFindings } from '../../src/planning/move/notHeldFindings';
import { holdsOldTypesOnly, oldestOf, wayOf } from '../../src/planning/move/way';
import type { OpenedPoint } from '../backup/restorePoint';
import { backupOf, type Dependencies } from '../dependencies';
import { membersOf } from '../resolve';

/** `known`: of `installedVersion`. NotRestorable where the repository does not lead to that very transaction, or without its sessions. */
export async function pinPoint(
  dependencies: Dependencies,
  { source: from, repository: name, target: to, zxid, epoch, unread = [] }: PinMovePointArgs,
  context: OperationContext,
  known?: Promise<string | undefined>,
): Promise<PinnedMove> {
  const { inventory } = dependencies;
  const [source, target] = await Promise.all([inventory.resolve(from), inventory.resolve(to)]);
  const { signal } = context;
  const [repository, version] = await Promise.all([
    backupOf(dependencies).openRepository(name),
    known ?? installedVersion(dependencies, target, context),
  ]);
  const contents = await repository.contents(source.name, signal);
  const wanted = { kind: 'zxid' as const, zxid };
  const extraction = await chooseFrom(repository, contents, wanted, {}, signal);
  if (standsAlone(extraction.base))
    throw new ZkferryError(
      'NotRestorable',
      `the base that leads to ${zxid} was read from ${extraction.base.source}, without what a move must keep: capture ${source.name} by its quorum port or its files`,
    );
  const way = wayOf(zxid, version, epoch, unread.length > 0);
  const opened = { repository, contents, extraction };
  return {
    point: {
      repository: name,
      shown: repository.store.shown,
      from: source.name,
      ...{ timeline: extraction.timeline, zxid },
      ...way,
      ...(version !== undefined && { targetVersion: version }),
    },
    findings:
      version !== undefined && holdsOldTypesOnly(version)
        ? await notHeld(dependencies, opened, version, context)
        : [],
  };
}

async function notHeld(
  dependencies: Dependencies,
  { repository, contents, extraction }: OpenedPoint,
  version: string,
  context: OperationContext,
): Promise<Finding[]> {
  const { signal } = context;
  context.heartbeat({ what: `looking for what ${version} cannot hold`, zxid: extraction.zxid });
  const { spoolDirectory } = backupOf(dependencies);
  const input = await openExtraction(repository, contents, extraction, spoolDirectory, signal);
  try {
    return notHeldFindings(await notHeldAt(input, signal), version);
  } finally {
    await input.close();
  }
}

/** The oldest that is installed there; undefined where that cannot be told. Its servers do not run. */
export async function installedVersion(
  { host }: Dependencies,
  target: ResolvedEnsemble,
  context: OperationContext,
): Promise<string | undefined> {
  const facts = await Promise.all(
    membersOf(target).map((server) => host.observe(server, context, { depth: 'files' })),
  );
  const versions = facts.map((one) => parseVersion(one.package?.installedVersion ?? ''));
  return oldestOf(versions.map((version) => version && formatVersion(version)));
}
