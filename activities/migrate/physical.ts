/** Steps of a physical move that a restore has not: the end of the source's history, and where the target starts from. */
import type { LogPlaces } from '../../src/adapters/move/logPlaces';
import { reconcileTail } from '../../src/adapters/move/reconcileTail';
import type {
  PhysicalActivities,
  ReconciledTail,
  ReconcileTailArgs,
} from '../../src/model/physicalMove';
import type { OperationContext } from '../../src/model/ports';
import { captureSource } from '../backup/captureSource';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { membersOf } from '../resolve';
import { pinPoint } from './movePoint';
import { checkTarget } from './moveTarget';

export function physicalActivities(dependencies: Dependencies): PhysicalActivities {
  return {
    reconcileTail: (args) => operation((context) => reconcileSource(dependencies, args, context)),
    pinMovePoint: (args) => operation((context) => pinPoint(dependencies, args, context)),
    checkMoveTarget: (args) => operation((context) => checkTarget(dependencies, args, context)),
  };
}

/** `places`: of `findLogPlaces`. TailNotProven, GuardRefused (a server runs), NotRestorable (nothing was captured). */
export async function reconcileSource(
  dependencies: Dependencies,
  { ensemble: ref, repository: name, owner }: ReconcileTailArgs,
  context: OperationContext,
  places: LogPlaces = {},
): Promise<ReconciledTail> {
  const ensemble = await dependencies.inventory.resolve(ref);
  const place = await captureSource(dependencies, { ensemble: ref, repository: name });
  const { repository, members, directory } = place;
  return reconcileTail({
    ...{ repository, members, directory, owner, places, context },
    ensemble: ensemble.name,
    host: dependencies.host,
    servers: membersOf(ensemble),
  });
}
