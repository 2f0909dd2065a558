/** Whether a side could serve next, looked at right before the one that serves is closed. */
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import type { SideDemand } from '../../src/model/plan';
import { canServeWithout } from '../../src/planning/fence/unreachable';
import type { RunActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { membersOf, resolveTarget } from '../resolve';
import { unobserved } from './outOfReach';

export function otherSideCheck(dependencies: Dependencies): Pick<RunActivities, 'checkOtherSide'> {
  return {
    checkOtherSide: ({ demand, ...target }) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, target);
        const members = membersOf(ensemble);
        const failures = await Promise.all(
          members.map((server) => whyNot(dependencies, server, demand, context)),
        );
        const missing = members.flatMap((server, index) => {
          const why = failures[index];
          return why === undefined ? [] : [{ server, why }];
        });
        const names = missing.map(({ server }) => server.name);
        // Such as another host key: no step after this one would go without that server.
        const refused = missing.find(({ why }) => !why.options.retryable);
        if (refused === undefined && canServeWithout(members, names)) return;
        throw new ZkferryError(
          (refused ?? missing[0])!.why.type,
          `${ensemble.name} could not serve next, so the other side stays open: ${refused ? `${refused.server.name} is refused` : `without ${names.join(', ')} its servers are no quorum`} (${missing.map(({ server, why }) => `${server.name}: ${why.message}`).join('; ')})`,
          { retryable: refused === undefined },
        );
      }),
  };
}

async function whyNot(
  { host, zookeeper }: Dependencies,
  server: ResolvedServer,
  demand: SideDemand,
  context: OperationContext,
): Promise<ZkferryError | undefined> {
  if (server.ssh === undefined) {
    const { state } = await zookeeper.probe(server, { signal: context.signal });
    return state === 'serving' ? undefined : down('it does not serve');
  }
  const look = await host.observe(server, context, { depth: 'process' });
  if (!look.reachable) return unobserved(look);
  return demand === 'running' && look.process?.running === false
    ? down('it does not run')
    : undefined;
}

const down = (message: string): ZkferryError =>
  new ZkferryError('ZooKeeperUnavailable', message, { retryable: true });
