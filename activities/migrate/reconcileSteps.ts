/** The step that makes a repository complete once an ensemble is stopped, and pins what the other side starts from. */
import { ZkferryError } from '../../src/model/errors';
import type { StepActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { pinPoint } from './movePoint';
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
        const tail = await reconcileSource(
          dependencies,
          { ensemble: from, repository, owner },
          context,
        );
        const { zxid, epoch } = tail;
        const place = { source: from, repository, target: to, zxid, epoch };
        const { point, findings } = await pinPoint(dependencies, place, context);
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
