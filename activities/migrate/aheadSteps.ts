/** What of a physical move can be done while the source still serves: all that is not its last transactions. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findLogPlaces } from '../../src/adapters/move/logPlaces';
import { chooseFrom, openExtraction } from '../../src/adapters/restore/fromRepository';
import type { OperationContext } from '../../src/model/ports';
import { holdsOldTypesOnly } from '../../src/planning/move/way';
import type { StepActivities, StepArgs } from '../api';
import { aheadOf } from '../backup/aheadPlace';
import { backupOf, type Dependencies } from '../dependencies';
import { operation, tokenOf } from '../operation';
import { membersOf, resolveTarget } from '../resolve';
import { installedVersion } from './movePoint';
import { migrationOf, repositoryOf } from './sides';

export function aheadSteps(dependencies: Dependencies): Pick<StepActivities, 'sendAhead'> {
  return {
    sendAhead: (args) =>
      operation(async (context) => {
        const target = await resolveTarget(dependencies, args);
        const { zxid, sent } = await sendBase(dependencies, args, context);
        const source = await dependencies.inventory.resolve(migrationOf(args).source);
        const places = await findLogPlaces(dependencies.host, membersOf(source), zxid, context);
        await aheadOf(dependencies, args.run).keepLogPlaces(places);
        return {
          detail: `${sent} to ${target.name}; where ${zxid} stands is known of the logs of ${Object.keys(places).length} of ${membersOf(source).length} servers`,
        };
      }),
  };
}

/** `zxid`: the last transaction in the repository. */
async function sendBase(
  dependencies: Dependencies,
  args: StepArgs,
  context: OperationContext,
): Promise<{ zxid: string; sent: string }> {
  const { host, inventory } = dependencies;
  const { signal } = context;
  const name = await repositoryOf(dependencies, args);
  const [source, target, repository] = await Promise.all([
    inventory.resolve(migrationOf(args).source),
    resolveTarget(dependencies, args),
    backupOf(dependencies).openRepository(name),
  ]);
  const contents = await repository.contents(source.name, signal);
  const extraction = await chooseFrom(repository, contents, { kind: 'latest' }, {}, signal);
  const { zxid } = extraction;
  const version = await installedVersion(dependencies, target, context);
  // It gets a tree of its own making, of which nothing can be known yet.
  if (holdsOldTypesOnly(version)) return { zxid, sent: `nothing can be sent ahead (${version})` };
  const directory = aheadOf(dependencies, args.run).baseDirectory;
  const spool = backupOf(dependencies).spoolDirectory;
  const input = await openExtraction(repository, contents, extraction, spool, signal);
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = join(directory, `snapshot.${input.snapshotZxid.toString(16)}`);
    await rename(input.snapshotFile, file);
    const sent = await Promise.all(
      membersOf(target).map((server) =>
        host.sendAhead(server, directory, tokenOf(args.fence), context),
      ),
    );
    return { zxid, sent: `base of ${sent[0]?.bytes ?? 0} bytes sent` };
  } finally {
    await input.close();
    await rm(directory, { recursive: true, force: true });
  }
}
