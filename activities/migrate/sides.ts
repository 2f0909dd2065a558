/** The two sides of a migration, from what a step is given. */
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { StepArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { membersOf, resolveTarget, withMembers } from '../resolve';

export function migrationOf({ migrate }: StepArgs): MigrateDataCenterInput {
  if (migrate === undefined)
    throw new ZkferryError('InvalidInput', 'this step belongs to a migration, which says of what');
  return migrate;
}

/** What serves once the migration is over: of a stretch the same ensemble, with other members. */
export async function newSideOf(
  dependencies: Dependencies,
  args: StepArgs,
): Promise<ResolvedEnsemble> {
  const { mode, source, target } = migrationOf(args);
  const fresh = await dependencies.inventory.resolve(target);
  if (mode !== 'stretch') return fresh;
  const both = await resolveTarget(dependencies, { ensemble: source, with: target });
  return withMembers(
    both,
    membersOf(fresh).map(({ name }) => name),
  );
}

/** By which the data of a physical migration travel. */
export async function repositoryOf(dependencies: Dependencies, args: StepArgs): Promise<string> {
  const { repository, source } = migrationOf(args);
  const name = repository ?? (await dependencies.inventory.resolve(source)).repository;
  if (name !== undefined) return name;
  throw new ZkferryError(
    'InvalidInput',
    `repository: mode physical moves the data by a backup repository, and neither the input nor ensemble ${JSON.stringify(source)} of the inventory names one; expected the name of one of the inventory's`,
  );
}
