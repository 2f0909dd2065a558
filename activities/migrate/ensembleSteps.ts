/** Steps that do the same on every server of one side, all at once: what counts then is how long nobody serves. */
import type { ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import { whoMustStop } from '../../src/planning/fence/unreachable';
import { isQuorum } from '../../src/planning/quorum';
import type { StepActivities, StepArgs } from '../api';
import { dataOf } from '../backup/restorePoint';
import { dataLabel } from '../steps/labels';
import type { Dependencies } from '../dependencies';
import { operation, tokenOf } from '../operation';
import { membersOf, resolveTarget } from '../resolve';

type EnsembleSteps = Pick<
  StepActivities,
  'stopEnsemble' | 'setAsideEverywhere' | 'placeEverywhere' | 'startEnsemble'
>;

/** Leaves room in the activity's deadline to report a stop that took too long. */
const STOP_SHARE = 0.8;

export function ensembleSteps(dependencies: Dependencies): EnsembleSteps {
  const { host } = dependencies;

  /**
   * Every one is tried, also where another fails: as few as possible are left behind. `goesWithout`: whether those whose
   * hosts are out of reach may be left as they are.
   */
  const everywhere = (
    args: StepArgs,
    work: (server: ResolvedServer, token: FenceToken, context: OperationContext) => Promise<string>,
    goesWithout: Missable = () => false,
  ) =>
    operation(async (context) => {
      const servers = membersOf(await resolveTarget(dependencies, args));
      const token = tokenOf(args.fence);
      const done = await Promise.allSettled(servers.map((server) => work(server, token, context)));
      const failed = done
        .filter((one) => one.status === 'rejected')
        .map(({ reason }): unknown => reason);
      const missing = servers.filter((_, index) => {
        const one = done[index]!;
        return one.status === 'rejected' && isUnreachable(one.reason);
      });
      const isBorne = failed.every(isUnreachable) && goesWithout(servers, missing);
      if (failed.length > 0 && !isBorne)
        throw failed.find((one) => !isUnreachable(one)) ?? failed[0];
      const told = done.map((one, index) => {
        const { name } = servers[index]!;
        return one.status === 'fulfilled'
          ? `${name} ${one.value}`
          : `${name} is left as it is: ${(one.reason as Error).message}`;
      });
      return { detail: told.join('; ') };
    });

  return {
    stopEnsemble: (args) =>
      everywhere(
        args,
        async (server, token, context) => {
          const within = Math.round(args.step.timeoutMs * STOP_SHARE);
          const { alreadyStopped } = await host.stopServer(server, token, context, within);
          return alreadyStopped ? 'was stopped already' : 'stopped';
        },
        // What runs in a side that nobody has used yet is nothing to be guessed.
        args.step.phase === 'prepare' ? undefined : cannotServeAlone,
      ),

    setAsideEverywhere: (args) =>
      everywhere(args, async (server, token, context) => {
        await refuseRunning(dependencies, server, context);
        // One whose host was out of reach when the others were stopped is not masked yet.
        await host.stopServer(server, token, context, Math.round(args.step.timeoutMs * STOP_SHARE));
        const { directories } = await host.setAsideData(
          server,
          `${dataLabel(args.run)}-${args.step.side}`,
          token,
          context,
        );
        return directories.length === 0 ? 'had none' : `in ${directories.join(', ')}`;
      }),

    placeEverywhere: (args) =>
      operation(async (context) => {
        if (args.restore === undefined)
          throw new ZkferryError('InvalidInput', 'no moment was pinned before this step');
        const { directory } = await dataOf(dependencies, args.run, args.restore, context);
        const servers = membersOf(await resolveTarget(dependencies, args));
        const placed = await Promise.all(
          servers.map(async (server) => {
            await refuseRunning(dependencies, server, context);
            return host.placeData(server, directory, tokenOf(args.fence), context);
          }),
        );
        const { files = 0, bytes = 0 } = placed[0] ?? {};
        return { detail: `${files} file(s), ${bytes} bytes on each of ${servers.length} servers` };
      }),

    startEnsemble: (args) =>
      everywhere(
        args,
        async (server, token, context) => {
          const { alreadyRunning } = await host.startServer(server, token, context);
          return alreadyRunning ? 'runs already' : 'started';
        },
        serveWithout,
      ),
  };
}

type Missable = (servers: readonly ResolvedServer[], missing: readonly ResolvedServer[]) => boolean;

const isUnreachable = (error: unknown): boolean =>
  isZkferryError(error) && error.type === 'SshUnreachable';

/** Stopped, the others leave no quorum: whoever is out of reach commits nothing, whether it runs or not. */
const cannotServeAlone: Missable = (servers, missing) =>
  whoMustStop(
    servers,
    missing.map(({ name }) => name),
  ) !== undefined;

/** The others are a quorum: nobody is to wait for one that may be gone. */
const serveWithout: Missable = (servers, missing) =>
  isQuorum(
    servers,
    servers.filter((server) => !missing.includes(server)).map(({ id }) => id),
  );

/** Data are exchanged only under a server that does not run. */
async function refuseRunning(
  { host }: Dependencies,
  server: ResolvedServer,
  context: OperationContext,
): Promise<void> {
  const { reachable, process, error } = await host.observe(server, context, { depth: 'process' });
  if (reachable && process?.running === false) return;
  throw new ZkferryError(
    'GuardRefused',
    reachable
      ? `${server.name} runs (pid ${process?.pid ?? 'unknown'}): something else has started it; stop it, then resume`
      : `${server.name} cannot be reached: ${error?.message ?? 'no answer'}; make its host answer, then resume`,
    { retryable: !reachable },
  );
}
