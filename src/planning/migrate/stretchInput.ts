/** What of a migration the engine of a resize needs. */
import type { ResizeEnsembleInput } from '../../model/inputs';
import type { MigrateDataCenterInput } from '../../model/migrationInputs';
import type { Migration } from '../../model/plan';

/** A resize that adds all of the new servers and takes away all of the old. */
export const resizeInputOf = (
  input: MigrateDataCenterInput,
  { newServers, oldServers }: Migration,
): ResizeEnsembleInput => ({
  ensemble: input.source,
  add: newServers,
  remove: [...oldServers],
  replace: {},
  promote: [],
  demote: [],
  leader: 'last',
  wipe: false,
  acceptNoTolerance: false,
  gates: {},
  soakMs: input.soakMs,
  settleTimeoutMs: input.settleTimeoutMs,
  drainMs: input.drainMs,
  acceptWarnings: input.acceptWarnings,
});
