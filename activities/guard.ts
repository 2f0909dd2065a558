/**
 * The guard: right before a step acts, a fresh look decides whether it is safe. It waits for safety up to
 * the time it is given, then refuses with the reasons; it never acts.
 */
import type { EnsembleFacts } from '../src/model/facts';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import { serverMayStop } from '../src/planning/mayStop';
import type { GuardArgs, GuardResult, RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { commitThrough } from './health';
import { requireLock } from './lock';
import { observationOf } from './observation';
import { observeEnsemble } from './observe/observeEnsemble';
import { operation, pause } from './operation';
import { membersOf, serverOf } from './resolve';

const LOOK_EVERY_MS = 500;

export function guardActivities(dependencies: Dependencies): Pick<RunActivities, 'checkGuard'> {
  return {
    checkGuard: (args) =>
      operation(async (context) => {
        const ensemble = await dependencies.inventory.resolve(args.ensemble);
        const deadline = Date.now() + args.waitMs;
        for (;;) {
          const result = await look(dependencies, ensemble, args, context);
          if (result.ok || Date.now() >= deadline) return result;
          await pause(LOOK_EVERY_MS, context.signal);
        }
      }),
  };
}

/** What decides whether a step is safe. */
export type GuardQuestion = Omit<GuardArgs, 'waitMs'>;

/** One fresh look: whether the step is safe now, and if not, why. */
export async function look(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: GuardQuestion,
  context: OperationContext,
): Promise<GuardResult> {
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  const reasons = await whyNot(dependencies, ensemble, args, facts, context);
  return { ok: reasons.length === 0, reasons, observation: observationOf(facts) };
}

async function whyNot(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: GuardQuestion,
  facts: EnsembleFacts,
  context: OperationContext,
): Promise<string[]> {
  const { guard } = args.step;
  switch (guard.kind) {
    case 'none':
      return [];
    case 'serverMayStop': {
      await requireLock(dependencies, ensemble, args.run, args.fence.generation, context);
      const canary = await commitThrough(
        dependencies,
        ensemble,
        othersOf(ensemble, guard.server),
        context,
      );
      return serverMayStop({ ...facts, canary }, guard.server, {
        margin: ensemble.margin,
        expectServing: args.expectServing,
        identity: args.identity,
      }).reasons;
    }
    case 'serverIsStopped': {
      const host = await dependencies.host.observe(serverOf(ensemble, guard.server), context, {
        depth: 'process',
      });
      if (!host.reachable)
        return [`${guard.server}: ${host.error?.message ?? 'host not reachable'}`];
      if (host.process?.running)
        return [
          `${guard.server} runs (pid ${host.process.pid}) though this run stopped it: something else started it`,
        ];
      return [];
    }
    case 'ensembleHealthy':
      return facts.servers
        .filter(({ server, state }) => args.expectServing.includes(server) && state !== 'serving')
        .map(
          ({ server, state, stateDetail }) =>
            `${server} is ${state}${stateDetail ? ` (${stateDetail})` : ''}`,
        );
  }
}

/** The canary must commit without the server that is about to stop; a lone server has no others. */
function othersOf(ensemble: ResolvedEnsemble, server: string) {
  const members = membersOf(ensemble);
  const others = members.filter(({ name }) => name !== server);
  return others.length > 0 ? others : members;
}
