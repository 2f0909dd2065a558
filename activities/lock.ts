/** Taking, checking and giving back the lock znode of an ensemble; finding out who else holds it. */
import { Context } from '@temporalio/activity';
import {
  acquireLock,
  releaseLock,
  removeCanary,
  removeFence,
  verifyLock,
  type ZnodeRoot,
} from '../src/adapters/zookeeper';
import { isZkferryError, ZkferryError } from '../src/model/errors';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import type { RunActivities, RunIdentity } from './api';
import type { Dependencies } from './dependencies';
import { operation } from './operation';
import { withSession, resolveTarget } from './resolve';

export const znodePlace = (dependencies: Dependencies, ensemble: ResolvedEnsemble): ZnodeRoot => ({
  root: ensemble.znodeRoot,
  credential: dependencies.ownerCredential,
});

export function lockActivities(
  dependencies: Dependencies,
): Pick<RunActivities, 'findHolder' | 'acquireLock' | 'releaseLock'> {
  return {
    findHolder: ({ holdId }) =>
      operation(async () => {
        const { client } = Context.current();
        const { raw } = await client.workflow.getHandle(holdId).describe();
        return raw.workflowExecutionInfo?.parentExecution?.workflowId ?? undefined;
      }),

    acquireLock: (args) =>
      operation(async ({ signal }) => {
        const ensemble = await resolveTarget(dependencies, args);
        const place = znodePlace(dependencies, ensemble);
        return withSession(dependencies, ensemble, { signal }, async (session) => {
          try {
            return await acquireLock(session, place, {
              ...args.run,
              since: new Date().toISOString(),
            });
          } catch (error) {
            if (!isZkferryError(error) || error.type !== 'ZooKeeperAuthFailed') throw error;
            throw closedToUs(ensemble, error);
          }
        });
      }),

    releaseLock: (args) =>
      operation(async ({ signal }) => {
        const ensemble = await resolveTarget(dependencies, args);
        await withSession(dependencies, ensemble, { signal }, async (session) => {
          const place = znodePlace(dependencies, ensemble);
          await removeFence(session, place);
          await removeCanary(session, place);
          await releaseLock(session, place, args.run.runId);
        });
      }),
  };
}

/** Whose it is can't be told: the ACL of a foreign root shows nothing to us, since 3.8.4 not even its age. */
const closedToUs = ({ name, znodeRoot }: ResolvedEnsemble, cause: ZkferryError): ZkferryError =>
  new ZkferryError(
    'EnsembleLocked',
    `${znodeRoot} of ensemble ${name} belongs to another owner than this worker: a run whose workers have another secret holds the ensemble, or left it behind. Let it end; give workers that share ensembles the same ZKFERRY_SECRET_FILE, or this ensemble another znodeRoot in the inventory`,
    { cause },
  );

/** @throws EnsembleLocked when the lock this run took is gone or another's: it must not act any more. */
export async function requireLock(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  run: RunIdentity,
  generation: string,
  { signal }: OperationContext,
): Promise<void> {
  const { held, reason } = await withSession(dependencies, ensemble, { signal }, (session) =>
    verifyLock(session, znodePlace(dependencies, ensemble), { runId: run.runId, generation }),
  );
  if (!held)
    throw new ZkferryError(
      'EnsembleLocked',
      `this run no longer holds ensemble ${ensemble.name}: ${reason}; find out who broke the lock before anything else is done`,
    );
}
