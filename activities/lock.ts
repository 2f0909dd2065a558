/** Taking, checking and giving back the lock znode of an ensemble. */
import {
  acquireLock,
  releaseLock,
  removeCanary,
  verifyLock,
  type ZnodeRoot,
} from '../src/adapters/zookeeper';
import { ZkferryError } from '../src/model/errors';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import type { RunActivities, RunIdentity } from './api';
import type { Dependencies } from './dependencies';
import { operation } from './operation';
import { withSession } from './resolve';

export const znodePlace = (dependencies: Dependencies, ensemble: ResolvedEnsemble): ZnodeRoot => ({
  root: ensemble.znodeRoot,
  credential: dependencies.ownerCredential,
});

export function lockActivities(
  dependencies: Dependencies,
): Pick<RunActivities, 'acquireLock' | 'releaseLock'> {
  return {
    acquireLock: (args) =>
      operation(async ({ signal }) => {
        const ensemble = await dependencies.inventory.resolve(args.ensemble);
        return withSession(dependencies, ensemble, { signal }, (session) =>
          acquireLock(session, znodePlace(dependencies, ensemble), {
            ...args.run,
            since: new Date().toISOString(),
          }),
        );
      }),

    releaseLock: (args) =>
      operation(async ({ signal }) => {
        const ensemble = await dependencies.inventory.resolve(args.ensemble);
        await withSession(dependencies, ensemble, { signal }, async (session) => {
          const place = znodePlace(dependencies, ensemble);
          await removeCanary(session, place);
          await releaseLock(session, place, args.run.runId);
        });
      }),
  };
}

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
