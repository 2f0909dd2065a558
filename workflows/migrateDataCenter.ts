/**
 * migrateDataCenter: an ensemble and its clients to other servers, gradually, with a way back until the end.
 *
 * Mode `stretch`:
 *   1. plan      who is a member now, who shall be, which clients there are
 *   2. gate      `start`: until it is passed, nothing anywhere has been changed
 *   3. join      the new servers, one after the other, as observers
 *   4. redirect  clients in batches, each proven by its session on the new servers
 *   5. gate      `cutover`; voters swapped promptly, one in, one out, the leader last
 *   6. watch     the new members; gate `complete`; the old servers retired
 *   7. back      on request, on refusal, or on cancellation: clients first, then the members there were
 */
import type { z } from 'zod';
import { WORKFLOW_TYPES } from '../src/model/contract';
import {
  migrateDataCenterInputSchema,
  type MigrateDataCenterRequest,
} from '../src/model/migrationInputs';
import { withEnsemble } from '../src/model/strategies';
import type { UpgradeReport } from '../src/model/status';
import { runStrategy } from './run/lifecycle';
import { openRun } from './run/open';
import type { RunInput, RunState } from './run/state';

/** `withEnsemble` has filled in the ensemble, or the schema refuses the rest. */
const schema = migrateDataCenterInputSchema as unknown as z.ZodType<RunInput>;

export async function migrateDataCenter(
  request: MigrateDataCenterRequest,
  carry?: RunState,
): Promise<UpgradeReport> {
  return runStrategy(
    openRun(WORKFLOW_TYPES.migrate, schema, withEnsemble(WORKFLOW_TYPES.migrate, request), carry),
  );
}
