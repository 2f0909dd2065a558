/** Steps of a server that has left: its clients led away, its data removed. */
import type { StepActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, pause, tokenOf } from '../operation';
import { resolveServer, serverOf } from '../resolve';
import { membershipOf } from '../memberNames';
import { redirectSteps } from '../migrate/redirectSteps';
import { hostPort } from '../../src/model/hostPort';

/** More are counted, not named. */
const MAX_NAMED = 100;

export function leaveSteps(
  dependencies: Dependencies,
): Pick<StepActivities, 'redirectClients' | 'wipeServer'> {
  const { host, zookeeper } = dependencies;
  const { leadClients } = redirectSteps(dependencies);
  return {
    redirectClients: (args) =>
      args.step.clients !== undefined
        ? leadClients(args)
        : operation(async (context) => {
            const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
            const { after } = membershipOf(args.step);
            const hook = ensemble.hooks?.redirect;
            if (hook !== undefined) {
              const members = [...after.voters, ...after.observers]
                .map((name) => serverOf(ensemble, name))
                .map(({ host: at, clientPort }) => hostPort(at, clientPort))
                .join(',');
              await host.runHook(
                server,
                hook,
                { version: args.step.toVersion ?? '', members },
                tokenOf(args.fence),
                context,
                ensemble.hooks?.timeoutMs ?? args.step.timeoutMs,
              );
            }
            await pause(args.tuning.drainMs, context.signal);
            const connected = await zookeeper.clients(server, { signal: context.signal });
            const clients = connected.map((client) => ({ server: server.name, ...client }));
            return {
              detail: `${hook === undefined ? 'no redirect hook' : 'redirect hook ran'}; ${clients.length} session(s) still connected${
                clients.length > 0
                  ? `: ${clients
                      .slice(0, 5)
                      .map(({ session, address }) => `${session} from ${address}`)
                      .join(', ')}${clients.length > 5 ? ' …' : ''}`
                  : ''
              }`,
              clients: clients.slice(0, MAX_NAMED),
            };
          }),

    wipeServer: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const { removedBytes, removed } = await host.wipeServer(
          server,
          { keepPackage: true },
          tokenOf(args.fence),
          context,
        );
        return {
          detail:
            removed.length === 0
              ? 'nothing was left to remove'
              : `${removedBytes} bytes removed: ${removed.join(', ')}`,
        };
      }),
  };
}
