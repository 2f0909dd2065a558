/** Steps that close one side to its clients, prove it, and open it again; and the watch beside them. */
import { isZkferryError } from '../../src/model/errors';
import { canServeWithout } from '../../src/planning/fence/unreachable';
import type { RunActivities, StepActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, pause, tokenOf } from '../operation';
import { membersOf, resolveTarget } from '../resolve';
import { closeByStopping } from './closeByStopping';
import { closeServers } from './closeServers';
import { onEveryServer } from './everyServer';
import { sessionsNow } from './leftSessions';
import { leftOfServing } from './outOfReach';
import { migrationOf } from './sides';

type FenceActivities = Pick<StepActivities, 'fenceServers' | 'liftFence'> &
  Pick<RunActivities, 'watchFence'>;

const LOOK_EVERY_MS = 1_000;

/** Another operation that has the host is no such failure: it is looked at again soon. */
function notSeen(error: unknown): 'unseen' {
  if (!isZkferryError(error)) throw error;
  return 'unseen';
}

export function fenceSteps(dependencies: Dependencies): FenceActivities {
  const { host } = dependencies;
  return {
    fenceServers: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const isLogical = migrationOf(args).mode === 'logical';
        const token = tokenOf(args.fence);
        const leftSessions = isLogical
          ? await sessionsNow(dependencies, ensemble, context)
          : undefined;
        const options = { token, mayStop: !isLogical };
        const closed =
          migrationOf(args).fence === 'stop'
            ? await closeByStopping(dependencies, ensemble, token, context)
            : await closeServers(dependencies, ensemble, options, context);
        return { ...closed, ...(leftSessions && { leftSessions }) };
      }),

    liftFence: (args) =>
      operation(async (context) => {
        const opened: string[] = [];
        const lifted: string[] = [];
        const { leftOut = [] } = await onEveryServer(dependencies, args, {
          work: async (server, token) => {
            const result = await host.liftClientFence(server, token, context);
            opened.push(server.name);
            if (result.lifted) lifted.push(server.name);
            return 'open';
          },
          // The side that serves again does not wait for one that may be gone.
          ...(args.step.side === 'source' && {
            goesWithout: canServeWithout,
            worthDoingToSome: true,
          }),
          left: leftOfServing,
        });
        const told =
          lifted.length === 0 ? 'was not closed' : `clients may reach ${lifted.join(', ')} again`;
        const left = leftOut.map(({ server, why }) => `; ${server} is left as it is: ${why}`);
        return { detail: `${told}${left.join('')}`, opened, leftOut };
      }),

    watchFence: ({ durationMs, everyMs = LOOK_EVERY_MS, ...target }) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, target);
        const until = Date.now() + durationMs;
        const members = membersOf(ensemble);
        const unseen = new Map<string, number>();
        let looks = 0;
        let raisedAgain = 0;
        while (Date.now() < until && !context.signal.aborted) {
          const states = await Promise.all(
            members.map((server) => host.holdClientFence(server, context).catch(notSeen)),
          );
          looks += 1;
          raisedAgain += states.filter((state) => state === 'raisedAgain').length;
          members.forEach(({ name }, index) => {
            if (states[index] === 'unseen' && !context.signal.aborted)
              unseen.set(name, (unseen.get(name) ?? 0) + 1);
          });
          context.heartbeat({ looks, raisedAgain });
          await pause(Math.min(everyMs, Math.max(1, until - Date.now())), context.signal).catch(
            () => undefined,
          );
        }
        const blind = [...unseen].map(([name, times]) => `; ${name} not seen ${times} time(s)`);
        return {
          detail: `looked ${looks} time(s)${raisedAgain > 0 ? `; raised again ${raisedAgain} time(s)` : blind.length > 0 ? '' : ', held'}${blind.join('')}`,
        };
      }),
  };
}
