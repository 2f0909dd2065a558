/** Steps of a restore: data made and proven, servers stopped, data exchanged, the tree compared. */
import { join } from 'node:path';
import { copyTree } from '../../src/adapters/copy/copyTree';
import { quorumSecurity } from '../../src/adapters/quorumSecurity';
import { restoreSource, treeAt, type RestoreInput } from '../../src/adapters/restore';
import { TapSource } from '../../src/adapters/source/tapSource';
import { ZkferryError } from '../../src/model/errors';
import type { EnsembleFacts, ServerState } from '../../src/model/facts';
import type { BroughtBack } from '../../src/model/hostData';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { RestorePoint } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
import { quorumMissing } from '../../src/planning/fence/unreachable';
import { zxidText, zxidValue } from '../../src/model/zxid';
import type { DataTree } from '../../src/tree/dataTree';
import { dropSessions } from '../../src/tree/restore/dropSessions';
import { UnchangedCheck } from '../../src/tree/restore/unchanged';
import { Selection } from '../../src/tree/copy/selection';
import type { ConflictPolicy } from '../../src/tree/copy/merge';
import type { StepActivities, StepArgs } from '../api';
import { dataOf, forgetData, passedOverText, withPointOpen } from '../backup/restorePoint';
import { backupOf, type Dependencies } from '../dependencies';
import { breakPastLocks } from '../lock';
import { observeEnsemble } from '../observe/observeEnsemble';
import { observationOf } from '../observation';
import { operation, tokenOf, waitFor } from '../operation';
import { credentialsOf, membersOf, resolveServer, resolveTarget } from '../resolve';
import { HostsLost } from '../migrate/hostsLost';
import type { LeftOut } from '../migrate/outOfReach';
import { dataLabel } from './labels';

type RestoreSteps = Pick<
  StepActivities,
  | 'prepareRestore'
  | 'haltServer'
  | 'setAsideData'
  | 'placeData'
  | 'verifyRestored'
  | 'bringBackData'
  | 'verifyBroughtBack'
  | 'restoreSubtree'
>;

/** Leaves room in the activity's deadline to report a stop that took too long. */
const STOP_SHARE = 0.8;
const LOOK_EVERY_MS = 200;
const SHOWN_DIFFERENCES = 10;

export function restoreSteps(dependencies: Dependencies): RestoreSteps {
  const { host } = dependencies;
  const onServer = (
    args: StepArgs,
    work: (
      target: Awaited<ReturnType<typeof resolveServer>> & { token: ReturnType<typeof tokenOf> },
      context: OperationContext,
    ) => Promise<string>,
  ) =>
    operation(async (context) => {
      const target = await resolveServer(dependencies, args, args.step.server);
      return { detail: await work({ ...target, token: tokenOf(args.fence) }, context) };
    });

  return {
    prepareRestore: (args) =>
      operation(async (context) => ({
        detail: (await dataOf(dependencies, args.run, pointOf(args), context)).detail,
      })),

    haltServer: (args) =>
      onServer(args, async ({ server, token }, context) => {
        const within = Math.round(args.step.timeoutMs * STOP_SHARE);
        const { alreadyStopped } = await host.stopServer(server, token, context, within);
        return alreadyStopped ? 'was stopped already, masked' : 'stopped and masked';
      }),

    setAsideData: (args) =>
      onServer(args, async ({ server, token }, context) => {
        await refuseWhileOthersRun(dependencies, args, context);
        const label = dataLabel(args.run);
        const { directories, bytes } = await host.setAsideData(server, label, token, context);
        return `${bytes} bytes are in ${directories.join(', ')} now`;
      }),

    placeData: (args) =>
      onServer(args, async ({ server, token }, context) => {
        await refuseWhileOthersRun(dependencies, args, context);
        const { directory } = await dataOf(dependencies, args.run, pointOf(args), context);
        const placed = await host.placeData(server, directory, token, context);
        return `${placed.files} file(s), ${placed.bytes} bytes in ${placed.directories.join(', ')}`;
      }),

    verifyRestored: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const point = pointOf(args);
        const { facts, leftOut, compared } = await withPointOpen(
          dependencies,
          point,
          context,
          async (input) => {
            // Nobody is served meanwhile: the tree that is to be there is made while servers start.
            const [seen, tree] = await Promise.all([
              untilServing(dependencies, ensemble, args, context),
              expectedTree(input, point, context),
            ]);
            const told = await compareWithTree(dependencies, ensemble, { point, tree }, context);
            return { ...seen, compared: `${told}${passedOverText(input)}` };
          },
        );
        const locks = await breakPastLocks(dependencies, ensemble, point.zxid, context);
        await forgetData(dependencies, args.run);
        return {
          detail: `${compared}${locks}${leftText(leftOut)}`,
          observation: observationOf(facts, ensemble),
          ...(leftOut && { leftOut }),
        };
      }),

    bringBackData: (args) =>
      onServer(args, async ({ server, token }, context) => {
        await refuseWhileOthersRun(dependencies, args, context);
        const label = dataLabel(args.run);
        const result = await host.bringBackData(server, label, token, context);
        return result.broughtBack ? shownBack(result) : 'had not been set aside';
      }),

    verifyBroughtBack: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const { facts, leftOut } =
          args.expectServing.length === 0
            ? {
                facts: await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context }),
                leftOut: undefined,
              }
            : await untilServing(dependencies, ensemble, args, context);
        await forgetData(dependencies, args.run);
        const left = leftOut?.map(({ server }) => server) ?? [];
        const serving = args.expectServing.filter((name) => !left.includes(name));
        const detail =
          serving.length === 0
            ? 'nothing served before, so nothing was started'
            : `${serving.join(', ')} serve${leftText(leftOut)}`;
        return {
          detail,
          observation: observationOf(facts, ensemble),
          ...(leftOut && { leftOut }),
        };
      }),

    restoreSubtree: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const detail = await withPointOpen(dependencies, pointOf(args), context, async (input) => {
          const point = pointOf(args);
          const { path, toPath, conflict } = point.subtree!;
          const { spoolDirectory } = backupOf(dependencies);
          const shown = `${point.from}${path} as of ${point.zxid}`;
          const servers = membersOf(ensemble);
          const result = await copyTree(
            {
              source: shown,
              openSource: () =>
                restoreSource(input, shown, { spool: spoolDirectory, signal: context.signal }),
              target: {
                servers,
                shown: servers.map((one) => `${one.host}:${one.clientPort}`).join(','),
                auth: await credentialsOf(dependencies, ensemble),
              },
              openTarget: () => openLiving(dependencies, ensemble, context),
              selection: new Selection({
                sourceRoot: path,
                targetRoot: toPath,
                ownRoot: ensemble.znodeRoot,
              }),
            },
            {
              execute: true,
              conflict: conflict as ConflictPolicy,
              mayBeAhead: true,
              journals: join(spoolDirectory, 'copies'),
              spool: spoolDirectory,
              onProgress: (progress) => context.heartbeat(progress),
              signal: context.signal,
            },
          );
          return `${result.created} created, ${result.changed} changed, ${result.deleted} deleted, ${result.skipped} left as they are; ${result.ephemerals.count} ephemerals left out${passedOverText(input)}`;
        });
        return { detail };
      }),
  };
}

const shownBack = ({ failed, afterEpoch }: BroughtBack): string =>
  [
    'the data it had are in their place again',
    ...(failed.length > 0 ? [`the restored are kept in ${failed.join(', ')}`] : []),
    ...(afterEpoch === undefined
      ? []
      : [`it serves in an epoch after ${afterEpoch}, that of the restored`]),
  ].join('; ');

function pointOf({ restore }: StepArgs): RestorePoint {
  if (restore === undefined)
    throw new ZkferryError('InvalidInput', 'this step belongs to a restore, which says of what');
  return restore;
}

/** The data of a server may be exchanged only while none of the ensemble runs: an old one would vote beside it. */
async function refuseWhileOthersRun(
  dependencies: Dependencies,
  args: StepArgs,
  context: OperationContext,
): Promise<void> {
  const ensemble = await resolveTarget(dependencies, args);
  const running = await Promise.all(
    membersOf(ensemble).map(async (server) => {
      const { reachable, process } = await dependencies.host.observe(server, context, {
        depth: 'process',
      });
      return reachable && process?.running === false ? [] : [server.name];
    }),
  );
  const names = running.flat();
  if (names.length === 0) return;
  throw new ZkferryError(
    'GuardRefused',
    `${names.join(', ')} run, or cannot be asked: no data are exchanged before every member is stopped; stop them, then resume`,
  );
}

async function untilServing(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  context: OperationContext,
): Promise<{ facts: EnsembleFacts; leftOut?: LeftOut[] }> {
  const { names, mayMiss } = awaitedIn(args);
  const servers = membersOf(ensemble).filter(({ name }) => names.includes(name));
  const isAlone = servers.length === 1;
  const lost = new HostsLost(dependencies, ensemble, args.without ?? [], context);
  return waitFor<{ facts: EnsembleFacts; leftOut?: LeftOut[] }>(
    `${names.join(', ')} serving with a leader`,
    { timeoutMs: args.tuning.settleTimeoutMs, everyMs: LOOK_EVERY_MS, context },
    async () => {
      const wanted = names.filter((name) => !lost.servers.some((server) => server.name === name));
      // To look at hosts takes their cores from servers that are starting on them.
      const quiet = await silentOf(dependencies, servers, context);
      if (mayMiss) await lost.look(quiet.map(({ server }) => server));
      const silent = quiet.flatMap(({ server, why }) =>
        wanted.includes(server.name) ? [why] : [],
      );
      const reasons = [...silent, ...(mayMiss ? noQuorumIn(ensemble, servers, quiet) : [])];
      context.heartbeat({ waitingFor: reasons });
      if (silent.length > 0) return { reasons };
      const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
      const missing = facts.servers
        .filter(({ server, state }) => wanted.includes(server) && state !== 'serving')
        .map(({ server, state, stateDetail }) => `${server} ${state} ${stateDetail ?? ''}`.trim());
      context.heartbeat({ waitingFor: missing });
      return missing.length === 0 && (facts.leader !== undefined || isAlone)
        ? { value: { facts, ...(mayMiss && { leftOut: lost.told() }) } }
        : { reasons: missing.length > 0 ? missing : ['no leader yet'] };
    },
  );
}

/** Whoever serves has a quorum; who answers, and does not, waits for one. */
function noQuorumIn(
  ensemble: ResolvedEnsemble,
  awaited: readonly ResolvedServer[],
  quiet: Awaited<ReturnType<typeof silentOf>>,
): string[] {
  if (quiet.length < awaited.length) return [];
  const waiting = quiet.filter(({ state }) => state === 'notServing').map(({ server }) => server);
  const members = membersOf(ensemble);
  const missing = members.filter((member) => !waiting.some(({ name }) => name === member.name));
  const told = quorumMissing(
    members,
    missing.map(({ name }) => name),
  );
  return told === undefined ? [] : [told];
}

/** An old side to which clients return does not wait for hosts that are gone, once those that are there can serve. */
function awaitedIn({ expectServing, without = [], step, migrate }: StepArgs) {
  return {
    names: expectServing.filter((name) => !without.includes(name)),
    mayMiss: migrate !== undefined && step.phase === 'rollback' && step.side === 'source',
  };
}

const leftText = (left: readonly LeftOut[] = []): string =>
  left.map(({ server, why }) => `; ${server} is left as it is: ${why}`).join('');

/** Those that do not serve, by what they answer at their client ports. */
async function silentOf(
  { zookeeper }: Dependencies,
  servers: readonly ResolvedServer[],
  { signal }: OperationContext,
): Promise<{ server: ResolvedServer; state: ServerState; why: string }[]> {
  const probes = await Promise.all(servers.map((server) => zookeeper.probe(server, { signal })));
  return probes.flatMap(({ state, stateDetail }, index) => {
    const server = servers[index]!;
    return state === 'serving'
      ? []
      : [{ server, state, why: `${server.name} ${state} ${stateDetail ?? ''}`.trim() }];
  });
}

async function expectedTree(
  input: RestoreInput,
  point: RestorePoint,
  { signal }: OperationContext,
): Promise<DataTree> {
  const { tree } = await treeAt(input, { signal });
  if (point.sessions === 'drop') dropSessions(tree, zxidValue(point.startZxid));
  return tree;
}

/** Whatever has not been written since must be as it was then. */
async function compareWithTree(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { point, tree }: { point: RestorePoint; tree: DataTree },
  context: OperationContext,
): Promise<string> {
  const living = await openLiving(dependencies, ensemble, context);
  try {
    const check = new UnchangedCheck(tree, zxidValue(point.startZxid));
    for await (const nodes of living.nodes()) for (const node of nodes) check.add(node);
    const { compared, changedSince, differences } = check.finish();
    if (differences.length > 0)
      throw new ZkferryError(
        'BackupInvalid',
        `the ensemble serves another tree than that of ${point.zxid}: ${differences.slice(0, SHOWN_DIFFERENCES).join('; ')}${differences.length > SHOWN_DIFFERENCES ? '; and more' : ''}`,
      );
    return `every member serves, at ${living.zxid === undefined ? 'an unknown zxid' : zxidText(living.zxid)}; ${compared} znodes are as they were at ${point.zxid}, ${changedSince} have been written since`;
  } finally {
    await living.close();
  }
}

async function openLiving(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { signal }: OperationContext,
): Promise<TapSource> {
  const security = await quorumSecurity(ensemble, dependencies.secrets);
  return TapSource.open(ensemble.name, {
    servers: membersOf(ensemble),
    directory: backupOf(dependencies).spoolDirectory,
    ...(security !== undefined && { security }),
    giveUpAfterMs: 30_000,
    signal,
  });
}
