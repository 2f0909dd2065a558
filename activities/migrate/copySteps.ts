/** Steps of a logical migration: the tree copied, followed, drained and compared. */
import { followTree } from '../../src/adapters/copy/followTree';
import { CopyJournal } from '../../src/adapters/copy/journal';
import { pairOf } from '../../src/adapters/copy/identity';
import type { FollowResult, FollowStatus } from '../../src/adapters/copy/options';
import { isZkferryError, type ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { BesideReport } from '../../src/model/status';
import type { RunActivities, StepActivities, StepArgs } from '../api';
import { backupOf, type Dependencies } from '../dependencies';
import { commitThrough } from '../health';
import { operation, pause, tokenOf, waitFor } from '../operation';
import { membersOf } from '../resolve';
import { compareAtRest, compareWhileWritten, type DifferDetails } from './compareTrees';
import { journalsOf, movedTrees, wayOf } from './movedTrees';
import { openPassage } from './openPassage';
import { migrationOf } from './sides';

type CopySteps = Pick<
  StepActivities,
  'copyTrees' | 'drainTrees' | 'compareTrees' | 'endCopy' | 'openNewSide' | 'awaitSessionExpiry'
> &
  Pick<RunActivities, 'followTrees'>;

/** A copy has caught up once nothing older than this waits to be applied. */
const CAUGHT_UP_MS = 1_000;
/** Drained once nothing has come for so long. */
const QUIET_MS = 400;
const LOOK_EVERY_MS = 50;
const DEFAULT_SESSION_MS = 40_000;
const COMMIT_MS = 60_000;
const REMEDY =
  'a migration copies into an empty place: delete it with all below it (deleteall of zkCli.sh), if nobody needs it, and resume; or roll back, and start one with another path (to) in trees';

export function copySteps(dependencies: Dependencies): CopySteps {
  const ofStep = (args: StepArgs): Copied => ({
    input: migrationOf(args),
    back: args.step.side === 'target',
    token: tokenOf(args.fence),
  });

  return {
    copyTrees: (args) =>
      operation(async (context) => {
        const results = await follow(dependencies, ofStep(args), context, isCaughtUp);
        const sum = (pick: (one: FollowResult) => number) =>
          results.reduce((total, one) => total + pick(one), 0);
        return {
          detail: `${sum((one) => one.nodes)} znodes, ${sum((one) => one.bytes)} bytes, as of ${lastZxid(results) ?? 'nothing'}; ${sum((one) => one.ephemerals.count)} ephemerals left out${ephemeralsText(results)}`,
        };
      }),

    followTrees: ({ input, durationMs, back, fence }) =>
      operation(async (context): Promise<BesideReport> => {
        const ends = Date.now() + durationMs;
        let last: FollowStatus | undefined;
        const until = (status: FollowStatus): boolean => {
          last = status;
          return Date.now() >= ends || context.signal.aborted;
        };
        const copied = { input, back: back ?? false, token: tokenOf(fence) };
        const results = await follow(dependencies, copied, context, until);
        const zxid = lastZxid(results) ?? last?.zxid;
        return {
          detail: `followed to ${zxid ?? 'nothing yet'}`,
          ...(zxid !== undefined && { zxid }),
          lagMs: Math.round(Math.max(...results.map(({ lagP99Ms }) => lagP99Ms))),
        };
      }),

    drainTrees: (args) =>
      operation(async (context) => {
        const isDrained = (status: FollowStatus, quietMs: number): boolean =>
          status.state === 'following' && status.lagTransactions === 0 && quietMs >= QUIET_MS;
        // To begin once more only to end would be time in which nobody serves.
        const copied = { ...ofStep(args), ends: true };
        const results = await follow(dependencies, copied, context, isDrained);
        return {
          detail: `everything up to ${lastZxid(results) ?? 'nothing'} is there, and nothing of the copy itself`,
        };
      }),

    endCopy: (args) =>
      operation(async (context) => {
        const { input, back, token } = ofStep(args);
        const way = await wayOf(dependencies, input, back);
        const left = await Promise.all(
          (await movedTrees(dependencies, way, context)).map(async ({ job }) =>
            (await CopyJournal.at(journalsOf(dependencies), pairOf(job))).read(),
          ),
        );
        if (left.every((record) => record === undefined))
          return {
            detail: `no mark of a copy is left; what was copied stays on ${way.target.name}`,
          };
        const isAttached = ({ state }: FollowStatus): boolean => state === 'following';
        try {
          await follow(dependencies, { input, back, token, ends: true }, context, isAttached);
        } catch (error) {
          if (args.step.phase !== 'retire' || !isOutOfReach(error)) throw error;
          return {
            detail: `left as it is: ${way.target.name}, which is retired now, cannot be reached (${error.message})`,
          };
        }
        return { detail: 'the marker and what the copy had put into ACLs are taken away' };
      }),

    compareTrees: (args) =>
      operation(async (context) => {
        const { input, back } = ofStep(args);
        const way = await wayOf(dependencies, input, back);
        const compare = isAtRest(args.step) ? compareAtRest : compareWhileWritten;
        const told: string[] = [];
        for (const tree of await movedTrees(dependencies, way, context))
          told.push(
            await compare(dependencies, tree, context).catch((error: unknown) =>
              tellLater(args.step, error),
            ),
          );
        return { detail: told.join('; ') };
      }),

    awaitSessionExpiry: (args) =>
      operation(async (context) => {
        const { longestMs, count } = args.leftSessions ?? {
          longestMs: DEFAULT_SESSION_MS,
          count: '?',
        };
        const endsAt = Date.parse(args.fencedAt ?? new Date().toISOString()) + longestMs;
        await pause(Math.max(0, endsAt - Date.now()), context.signal);
        return {
          detail: `${count} session(s) were left behind; the longest timeout, ${longestMs} ms, is over`,
        };
      }),

    openNewSide: (args) =>
      operation(async (context) => {
        const ensemble = await dependencies.inventory.resolve(migrationOf(args).target);
        const { name } = ensemble;
        await waitFor<true>(`a write commits at ${name}`, { timeoutMs: COMMIT_MS, context }, () =>
          whyNoCommit(dependencies, ensemble, context),
        );
        return { detail: `${name} has all of it, and takes the writes from here on` };
      }),
  };
}

/** `ends`: nothing goes on with it afterwards. */
interface Copied {
  input: MigrateDataCenterInput;
  back: boolean;
  token: FenceToken;
  ends?: boolean;
}

/** Before the fence is up both sides go on changing, and so they do once the new side is open. */
const isAtRest = ({ phase }: StepArgs['step']): boolean => phase !== 'verify' && phase !== 'watch';

/** Once the new side serves, a difference must not keep a run from its end: who decides at gate `complete` is told. */
function tellLater({ phase }: StepArgs['step'], error: unknown): string {
  if (phase !== 'watch' || !isZkferryError(error) || error.type !== 'TreesDiffer') throw error;
  const { what } = error.options.details as DifferDetails;
  return `NOT EQUAL: ${what}: somebody has written to the closed side while its fence was down; bring it over by hand before gate complete is passed`;
}

const isOutOfReach = (error: unknown): error is ZkferryError =>
  isZkferryError(error) &&
  ['SshUnreachable', 'ZooKeeperUnavailable', 'FenceNotProven'].includes(error.type);

const isCaughtUp = ({ state, lagMs }: FollowStatus): boolean =>
  state === 'following' && lagMs < CAUGHT_UP_MS;

const lastZxid = (results: readonly FollowResult[]): string | undefined =>
  results
    .flatMap(({ zxid }) => (zxid === undefined ? [] : [zxid]))
    .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    .at(-1);

const ephemeralsText = (results: readonly FollowResult[]): string => {
  const listed = results.flatMap(({ ephemerals }) => ephemerals.listed).slice(0, 5);
  return listed.length === 0
    ? ''
    : `, such as ${listed.map((one) => JSON.stringify(one)).join(', ')}`;
};

/**
 * Each subtree by a follower of its own, until all of them are where they shall be. Back, the source is closed: it takes
 * what this worker brings and nothing else, and is made what the target is.
 */
async function follow(
  dependencies: Dependencies,
  { input, back, token, ends = false }: Copied,
  context: OperationContext,
  until: (status: FollowStatus, quietMs: number) => boolean,
): Promise<FollowResult[]> {
  const { spoolDirectory } = backupOf(dependencies);
  const way = await wayOf(dependencies, input, back);
  const through = back
    ? { ...way, servers: await openPassage(dependencies, way.target, token, context) }
    : way;
  const trees = await movedTrees(dependencies, through, context);
  return Promise.all(
    trees.map(async ({ job }) => {
      const stop = new AbortController();
      const aborted = () => stop.abort(context.signal.reason);
      context.signal.addEventListener('abort', aborted, { once: true });
      let last: FollowStatus | undefined;
      let changedAt = performance.now();
      const timer = setInterval(() => {
        if (last !== undefined && until(last, performance.now() - changedAt)) stop.abort();
      }, LOOK_EVERY_MS);
      try {
        return await followTree(job, {
          ...{ execute: true, goesOn: !ends, signal: stop.signal, spool: spoolDirectory },
          ...(back ? { conflict: 'mirror' as const } : { remedy: REMEDY }),
          journals: journalsOf(dependencies),
          onProgress: (progress) => context.heartbeat(progress),
          onFollow: (status) => {
            if (status.transactions !== last?.transactions || status.state !== last.state)
              changedAt = performance.now();
            last = status;
            context.heartbeat(status);
          },
        });
      } finally {
        clearInterval(timer);
        context.signal.removeEventListener('abort', aborted);
      }
    }),
  );
}

async function whyNoCommit(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<{ value: true } | { reasons: string[] }> {
  const canary = await commitThrough(dependencies, ensemble, membersOf(ensemble), context);
  return canary.committed ? { value: true } : { reasons: [canary.error ?? 'no answer'] };
}
