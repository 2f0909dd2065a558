/** The last steps of a migration: the new side watched, the old servers retired. */
import type { EnsembleRef, ResolvedEnsemble } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { cannotServeAlone } from '../../src/planning/fence/unreachable';
import type { StepActivities, StepArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { commitThrough } from '../health';
import { observationOf } from '../observation';
import { observeEnsemble } from '../observe/observeEnsemble';
import { operation, pause, tokenOf, waitFor } from '../operation';
import { membersOf } from '../resolve';
import { isUnreachable, leftBehind, type LeftOut } from './outOfReach';
import { migrationOf, newSideOf } from './sides';

const LOOK_EVERY_MS = 1_000;
/** Leaves room in the activity's deadline to report a stop that took too long. */
const STOP_MS = 120_000;

export function closingSteps(
  dependencies: Dependencies,
): Pick<StepActivities, 'watchNewSide' | 'retireServers'> {
  return {
    watchNewSide: (args) =>
      operation(async (context) => {
        const { watchMs } = migrationOf(args);
        const ensemble = await newSideOf(dependencies, args);
        let healthySince = Date.now();
        let setbacks = 0;
        await untilHealthy(dependencies, ensemble, args, context);
        while (Date.now() - healthySince < watchMs) {
          await pause(Math.min(LOOK_EVERY_MS, watchMs), context.signal);
          context.heartbeat({ healthyMs: Date.now() - healthySince, ofMs: watchMs });
          if ((await whyUnhealthy(dependencies, ensemble, context)).length === 0) continue;
          setbacks += 1;
          await untilHealthy(dependencies, ensemble, args, context);
          healthySince = Date.now();
        }
        const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
        return {
          detail: `${nameOf(migrationOf(args).target, ensemble)} was healthy for ${watchMs} ms${setbacks > 0 ? `, after ${setbacks} setback(s)` : ''}`,
          observation: observationOf(facts, ensemble),
        };
      }),

    retireServers: (args) =>
      operation(async (context) => {
        const source = await dependencies.inventory.resolve(migrationOf(args).source);
        const token = tokenOf(args.fence);
        const members = membersOf(source);
        const stopped: string[] = [];
        const leftOut: LeftOut[] = [];
        for (const server of members)
          try {
            await dependencies.host.stopServer(server, token, context, STOP_MS);
            // Nothing listens there any more: the rules go before they are forgotten.
            await dependencies.host.liftClientFence(server, token, context);
            stopped.push(server.name);
            context.heartbeat({ stopped });
          } catch (error) {
            leftOut.push(leftBehind(server, (error as Error).message));
            const missing = leftOut.map(({ server: name }) => name);
            if (!isUnreachable(error) || !cannotServeAlone(members, missing)) throw error;
          }
        const left = leftOut.map(({ server, why }) => `; ${server} is left as it is: ${why}`);
        return {
          detail: `${stopped.join(', ')} are stopped and masked; their data stay there${left.join('')}`,
          ...{ opened: stopped, leftOut },
        };
      }),
  };
}

/** Of a stretch the ensemble keeps the name it had. */
const nameOf = (target: EnsembleRef, { name }: ResolvedEnsemble): string =>
  typeof target === 'string' ? target : name;

async function untilHealthy(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { tuning }: StepArgs,
  context: OperationContext,
): Promise<void> {
  await waitFor<true>(
    `every server of ${ensemble.name} serves`,
    { timeoutMs: tuning.settleTimeoutMs, context },
    async () => {
      const reasons = await whyUnhealthy(dependencies, ensemble, context);
      return reasons.length === 0 ? { value: true } : { reasons };
    },
  );
}

async function whyUnhealthy(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<string[]> {
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  const reasons = facts.servers
    .filter(({ state }) => state !== 'serving')
    .map(({ server, state }) => `${server} is ${state}`);
  if (facts.leader === undefined) reasons.push('no leader is seen');
  if (reasons.length > 0) return reasons;
  const canary = await commitThrough(dependencies, ensemble, membersOf(ensemble), context);
  return canary.committed ? [] : [`no write commits: ${canary.error}`];
}
