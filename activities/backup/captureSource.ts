/** From names of the inventory to what is captured, and where to. */
import { ZkferryError } from '../../src/model/errors';
import type { EnsembleRef, ResolvedEnsemble } from '../../src/model/inventory';
import type { CaptureOptions } from '../../src/adapters/capture/capture';
import { keepsBasesOnly, type CaptureSourceName } from '../../src/model/backupInputs';
import type { UnseenRange } from '../../src/adapters/tap';
import { backupOf, type Dependencies } from '../dependencies';
import { membersOf } from '../resolve';
import { configurationOf, fillFrom } from './fromMembers';
import { openSource } from './openSource';

export type CaptureSource = Required<
  Pick<
    CaptureOptions,
    | 'repository'
    | 'ensemble'
    | 'members'
    | 'source'
    | 'openTap'
    | 'directory'
    | 'retention'
    | 'configuration'
  >
> &
  Pick<CaptureOptions, 'fill'>;

/** What capturing and taking a base need of the inventory. `giveUpAfterMs`: without anybody to read from; never by default. */
export async function captureSource(
  dependencies: Dependencies,
  {
    ensemble: name,
    repository,
    source = 'stream',
  }: { ensemble: EnsembleRef; repository: string; source?: CaptureSourceName },
  { giveUpAfterMs = Infinity }: { giveUpAfterMs?: number } = {},
): Promise<CaptureSource> {
  const { inventory } = dependencies;
  const backup = backupOf(dependencies);
  const ensemble = await inventory.resolve(name);
  const members = membersOf(ensemble);
  if (members.length === 0)
    throw new ZkferryError('InvalidInventory', `ensemble ${ensemble.name} has no members`);
  return {
    repository: await backup.openRepository(repository),
    ensemble: ensemble.name,
    members: shownMembers(ensemble),
    directory: backup.spoolDirectory,
    retention: (await inventory.repository(repository)).retention,
    source,
    openTap: await openSource(dependencies, ensemble, source, giveUpAfterMs),
    ...(!keepsBasesOnly(source) && {
      fill: (range: UnseenRange, signal: AbortSignal) =>
        fillFrom(dependencies, ensemble, range, signal),
    }),
    configuration: (signal) => configurationOf(dependencies, ensemble, signal),
  };
}

const shownMembers = (ensemble: ResolvedEnsemble): CaptureOptions['members'] =>
  membersOf(ensemble).map(({ id, host, clientPort, role }) => ({
    ...{ id, role },
    address: `${host}:${clientPort}`,
  }));
