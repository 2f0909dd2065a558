/** The step that makes a repository complete once an ensemble is stopped, and pins what the other side starts from. */
import { ZkferryError } from '../../src/model/errors';
import type { StepActivities } from '../api';
import { aheadOf } from '../backup/aheadPlace';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { installedVersion, pinPoint } from './movePoint';
import { reconcileSource } from './physical';
import { migrationOf, repositoryOf } from './sides';

export function reconcileSteps(dependencies: Dependencies): Pick<StepActivities, 'reconcileTail'> {
  return {
    reconcileTail: (args) =>
      operation(async (context) => {
        const { source, target } = migrationOf(args);
        const [from, to] = args.step.side === 'target' ? [target, source] : [source, target];
        const repository = await repositoryOf(dependencies, args);
        const { workflowId, runId } = args.run;
        const owner = `${workflowId} ${runId}`;
        const version = dependencies.inventory
          .resolve(to)
          .then((ensemble) => installedVersion(dependencies, ensemble, context));
        // It is waited for below, or not at all.
        version.catch(() => undefined);
        const tail = await reconcileSource(
          dependencies,
          { ensemble: from, repository, owner },
          context,
          // Those of the other side are of other logs.
          args.step.side === 'target' ? {} : await aheadOf(dependencies, args.run).logPlaces(),
        );
        const { zxid, epoch, unread } = tail;
        const place = { source: from, repository, target: to, zxid, epoch, unread };
        const { point, findings } = await pinPoint(dependencies, place, context, version);
        const wrong = findings.filter(({ severity }) => severity === 'error');
        if (wrong.length > 0)
          throw new ZkferryError(
            'TargetCannotHold',
            `${point.targetVersion} cannot hold what was written: ${wrong.map(({ message }) => message).join('; ')}; roll back, or take those znodes away there first`,
          );
        return { point, detail: tail.detail };
      }),
  };
}
