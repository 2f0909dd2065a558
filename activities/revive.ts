/** A server that a run has started and whose process dies before the run is done with it. */
import type { ServerState } from '../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import type { StepArgs } from './api';
import type { Dependencies } from './dependencies';
import { relistNewcomer } from './memberFile';
import { tokenOf } from './operation';

/** A server that dies again and again is not started for ever. */
const MAX_RESTARTS = 3;

export interface Reviver {
  /** Starts it again where it refuses connections and has no process. */
  revive(state: ServerState | undefined): Promise<void>;
  /** For a step's detail; empty where nothing was started. */
  text(): string;
}

export function reviverOf(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  server: ResolvedServer,
  { step, fence }: StepArgs,
  context: OperationContext,
): Reviver {
  const { host } = dependencies;
  const token = tokenOf(fence);
  let restarts = 0;
  return {
    async revive(state) {
      if (state !== 'refusing' || restarts >= MAX_RESTARTS) return;
      const { process } = await host.observe(server, context, { depth: 'process' });
      if (!process || process.running) return;
      restarts += 1;
      if (step.membership && step.role === 'joiner')
        await relistNewcomer(dependencies, ensemble, server, step, token, context);
      await host.startServer(server, token, context);
    },
    text: () =>
      restarts > 0 ? `; its process had died and was started again ${restarts} time(s)` : '',
  };
}
