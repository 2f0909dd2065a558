/** Steps that do the same on every server of one side, all at once: what counts then is how long nobody serves. */
import type { ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import { ZkferryError } from '../../src/model/errors';
import { cannotServeAlone, canServeWithout } from '../../src/planning/fence/unreachable';
import { isQuorum } from '../../src/planning/quorum';
import type { StepActivities, StepArgs } from '../api';
import { dataOf } from '../backup/restorePoint';
import { dataLabel } from '../steps/labels';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { membersOf, resolveTarget } from '../resolve';
import { onEveryServer } from './everyServer';
import { leftBehind, leftOfServing, namesOf, unobserved } from './outOfReach';

type EnsembleSteps = Pick<
  StepActivities,
  'stopEnsemble' | 'setAsideEverywhere' | 'placeEverywhere' | 'startEnsemble'
>;

/** Leaves room in the activity's deadline to report a stop that took too long. */
const STOP_SHARE = 0.8;

export function ensembleSteps(dependencies: Dependencies): EnsembleSteps {
  const { host } = dependencies;
  const stopIn = async (
    args: StepArgs,
    server: ResolvedServer,
    token: FenceToken,
    context: OperationContext,
  ): Promise<boolean> => {
    const within = Math.round(args.step.timeoutMs * STOP_SHARE);
    return (await host.stopServer(server, token, context, within)).alreadyStopped;
  };

  return {
    stopEnsemble: (args) =>
      operation((context) =>
        onEveryServer(dependencies, args, {
          work: async (server, token) =>
            (await stopIn(args, server, token, context)) ? 'was stopped already' : 'stopped',
          // What runs in a side that nobody has used yet is nothing to be guessed.
          ...(args.step.phase !== 'prepare' && { goesWithout: cannotServeAlone }),
          left: leftBehind,
        }),
      ),

    setAsideEverywhere: (args) =>
      operation(async (context) => {
        if (returnsHome(args)) await refuseServing(dependencies, args, context);
        return onEveryServer(dependencies, args, {
          work: async (server, token) => {
            if (!returnsHome(args)) await refuseRunning(dependencies, server, context);
            // One whose host was out of reach when the others were stopped is not masked yet.
            await stopIn(args, server, token, context);
            const label = `${dataLabel(args.run)}-${args.step.side}`;
            const { directories } = await host.setAsideData(server, label, token, context);
            return directories.length === 0 ? 'had none' : `in ${directories.join(', ')}`;
          },
          ...homewards(args),
        });
      }),

    placeEverywhere: (args) =>
      operation(async (context) => {
        if (args.restore === undefined)
          throw new ZkferryError('InvalidInput', 'no moment was pinned before this step');
        const { directory } = await dataOf(dependencies, args.run, args.restore, context);
        return onEveryServer(dependencies, args, {
          work: async (server, token) => {
            await refuseRunning(dependencies, server, context);
            const { files, bytes } = await host.placeData(server, directory, token, context);
            return `has ${files} file(s), ${bytes} bytes`;
          },
          ...homewards(args),
        });
      }),

    startEnsemble: (args) =>
      operation((context) =>
        onEveryServer(dependencies, args, {
          work: async (server, token) => {
            const { alreadyRunning } = await host.startServer(server, token, context);
            return alreadyRunning ? 'runs already' : 'started';
          },
          goesWithout: canServeWithout,
          // Those out of reach may run all the same, and be a quorum together with the others.
          worthDoingToSome: returnsHome(args),
          left: leftOfServing,
        }),
      ),
  };
}

/** A side that nobody has ever used waits for all its hosts; the old one, to which clients return, for a quorum. */
const returnsHome = ({ step }: StepArgs): boolean =>
  step.phase === 'rollback' && step.side === 'source';

const homewards = (args: StepArgs) => ({
  left: leftOfServing,
  ...(returnsHome(args) && { goesWithout: canServeWithout }),
});

/**
 * One whose host was away when the others were stopped may have come back and run: it alone has acknowledged nothing, and
 * is stopped. A quorum may have.
 */
async function refuseServing(
  dependencies: Dependencies,
  args: StepArgs,
  context: OperationContext,
): Promise<void> {
  const servers = membersOf(await resolveTarget(dependencies, args));
  const looks = await Promise.all(
    servers.map((server) => dependencies.host.observe(server, context, { depth: 'process' })),
  );
  const running = servers.filter((_, index) => looks[index]!.process?.running === true);
  const ids = running.map(({ id }) => id);
  if (!isQuorum(servers, ids)) return;
  throw new ZkferryError(
    'GuardRefused',
    `${namesOf(running)} run, and are a quorum: something else has started them, and they may have taken writes; stop them, then resume`,
  );
}

/** Data are exchanged only under a server that does not run. */
async function refuseRunning(
  { host }: Dependencies,
  server: ResolvedServer,
  context: OperationContext,
): Promise<void> {
  const facts = await host.observe(server, context, { depth: 'process' });
  if (!facts.reachable) throw unobserved(facts);
  const { process } = facts;
  if (process?.running === false) return;
  throw new ZkferryError(
    'GuardRefused',
    `${server.name} runs (pid ${process?.pid ?? 'unknown'}): something else has started it; stop it, then resume`,
  );
}
