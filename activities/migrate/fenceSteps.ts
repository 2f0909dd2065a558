/** Steps that close one side to its clients, prove it, and open it again; and the watch beside them. */
import { ZkferryError, isZkferryError } from '../../src/model/errors';
import type { HostFacts } from '../../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { listenersOf, type Listener } from '../../src/planning/fence/listeners';
import { fenceRuleset, fenceTable } from '../../src/planning/fence/ruleset';
import { whoMustStop } from '../../src/planning/fence/unreachable';
import type { RunActivities, StepActivities, StepArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, pause, tokenOf } from '../operation';
import { membersOf, resolveTarget } from '../resolve';
import { proveClosed } from './proveClosed';
import { migrationOf } from './sides';

type FenceActivities = Pick<StepActivities, 'fenceServers' | 'liftFence'> &
  Pick<RunActivities, 'watchFence'>;

const LOOK_EVERY_MS = 1_000;
const STOP_MS = 60_000;

export function fenceSteps(dependencies: Dependencies): FenceActivities {
  const { host } = dependencies;
  return {
    fenceServers: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const { closed, unreachable } = await closeAll(dependencies, ensemble, args, context);
        // From here on nobody hears of a write; that it is so is proven next.
        const fencedAt = new Date().toISOString();
        try {
          const stopped = await stopForUnreachable(
            dependencies,
            ensemble,
            args,
            unreachable,
            context,
          );
          for (const { server, listeners } of closed)
            await proveClosed(dependencies, server, listeners, context);
          return {
            fencedAt,
            detail: `closed since ${fencedAt}, refused by ${closed.map(({ server }) => server.name).join(', ')}${stopped}`,
          };
        } catch (error) {
          await openAll(dependencies, ensemble, args, context);
          throw error;
        }
      }),

    liftFence: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const lifted = await openAll(dependencies, ensemble, args, context);
        return {
          detail:
            lifted.length === 0 ? 'was not closed' : `clients may reach ${lifted.join(', ')} again`,
        };
      }),

    watchFence: ({ durationMs, ...target }) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, target);
        const until = Date.now() + durationMs;
        let looks = 0;
        let raisedAgain = 0;
        while (Date.now() < until && !context.signal.aborted) {
          const states = await Promise.all(
            membersOf(ensemble).map((server) =>
              host.holdClientFence(server, context).catch((error: unknown) => {
                if (!isZkferryError(error)) throw error;
                return 'busy' as const;
              }),
            ),
          );
          looks += 1;
          raisedAgain += states.filter((state) => state === 'raisedAgain').length;
          context.heartbeat({ looks, raisedAgain });
          await pause(LOOK_EVERY_MS, context.signal).catch(() => undefined);
        }
        return {
          detail: `looked ${looks} time(s)${raisedAgain > 0 ? `; raised again ${raisedAgain} time(s)` : ', held'}`,
        };
      }),
  };
}

interface Closed {
  server: ResolvedServer;
  listeners: Listener[];
}

/** All at once. Whoever cannot be reached is told; any other failure opens again what was closed. */
async function closeAll(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  context: OperationContext,
): Promise<{ closed: Closed[]; unreachable: ResolvedServer[] }> {
  const servers = membersOf(ensemble);
  const results = await Promise.allSettled(
    servers.map((server) => close(dependencies, server, args, context)),
  );
  const unreachable = servers.filter((_, index) => isUnreachable(results[index]!));
  const failed = results.find((one) => one.status === 'rejected' && !isUnreachable(one));
  if (failed?.status === 'rejected') {
    await openAll(dependencies, ensemble, args, context);
    throw failed.reason;
  }
  const closed = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return { closed, unreachable };
}

const isUnreachable = (result: PromiseSettledResult<unknown>): boolean =>
  result.status === 'rejected' &&
  isZkferryError(result.reason) &&
  ['SshUnreachable', 'HostKeyMismatch'].includes(result.reason.type);

async function close(
  { host }: Dependencies,
  server: ResolvedServer,
  args: StepArgs,
  context: OperationContext,
): Promise<Closed> {
  await host.checkClientFence(server, context);
  const facts = await host.observe(server, context, { depth: 'files' });
  const listeners = listenersOf(server, listenerFacts(facts));
  const ruleset = fenceRuleset(fenceTable(server), listeners);
  await host.raiseClientFence(server, ruleset, tokenOf(args.fence), context);
  return { server, listeners };
}

const listenerFacts = (facts: HostFacts) => ({
  config: facts.config,
  members: facts.members,
  jvmFlags: facts.jvmFlags,
  version: facts.package?.installedVersion,
});

/** @returns what was stopped, for people; begins with `; ` */
async function stopForUnreachable(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  unreachable: readonly ResolvedServer[],
  context: OperationContext,
): Promise<string> {
  if (unreachable.length === 0) return '';
  const names = unreachable.map(({ name }) => name).join(', ');
  const must = whoMustStop(
    membersOf(ensemble),
    unreachable.map(({ name }) => name),
  );
  if (must === undefined || migrationOf(args).mode === 'logical')
    throw new ZkferryError(
      'FenceNotProven',
      `${names} cannot be reached, so that nobody can prove that it takes no writes${must === undefined ? ', and those that cannot be reached are a quorum by themselves' : ''}; make its host answer, or stop it and take it out of the ensemble (resize), then resume`,
    );
  const token = tokenOf(args.fence);
  for (const server of membersOf(ensemble))
    if (must.includes(server.name)) await host.stopServer(server, token, context, STOP_MS);
  return `; ${names} cannot be reached, so ${must.join(', ')} were stopped: what is left is no quorum`;
}

async function openAll(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  context: OperationContext,
): Promise<string[]> {
  const servers = membersOf(ensemble);
  const results = await Promise.allSettled(
    servers.map((server) => host.liftClientFence(server, tokenOf(args.fence), context)),
  );
  const failed = results.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return servers
    .filter((_, index) => {
      const result = results[index]!;
      return result.status === 'fulfilled' && result.value.lifted;
    })
    .map(({ name }) => name);
}
