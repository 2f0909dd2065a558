/** Steps of a physical move that a restore has not: the end of the source's history, and where the target starts from. */
import { reconcileTail } from '../../src/adapters/move/reconcileTail';
import type { PhysicalActivities } from '../../src/model/physicalMove';
import { captureSource } from '../backup/captureSource';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { membersOf } from '../resolve';
import { checkTarget } from './moveTarget';
import { pinPoint } from './movePoint';

export function physicalActivities(dependencies: Dependencies): PhysicalActivities {
  return {
    reconcileTail: ({ ensemble: ref, repository: name, owner }) =>
      operation(async (context) => {
        const ensemble = await dependencies.inventory.resolve(ref);
        const { repository, members, directory } = await captureSource(dependencies, {
          ...{ ensemble: ref, repository: name },
        });
        return reconcileTail({
          ...{ repository, members, directory, owner, context },
          ensemble: ensemble.name,
          host: dependencies.host,
          servers: membersOf(ensemble),
        });
      }),

    pinMovePoint: (args) => operation((context) => pinPoint(dependencies, args, context)),

    checkMoveTarget: (args) => operation((context) => checkTarget(dependencies, args, context)),
  };
}
