/** `zkferry copy SRC DST`: a tree into another ensemble. Dry unless --execute; needs no Temporal. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { stateDirectory } from '../../adapters/stateDirectory';
import type {
  CopyJob,
  CopyOptions,
  CopyProgress,
  CopyResult,
  Credential,
  FollowResult,
  FollowStatus,
} from '../../adapters/copy/options';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { CONFLICT_POLICIES, type ConflictPolicy } from '../../tree/copy/merge';
import type { TreeSource } from '../../tree/source';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { wholeNumber, zxid } from '../options';
import { tapAccess } from '../quorumOptions';
import {
  openTree,
  spoolDirectory,
  treePair,
  withPairOptions,
  type PairOptions,
} from '../treeSource';
import type { TreePlace } from '../treePlace';

const PROGRESS_EVERY_MS = 250;
/** Beyond it a snapshot is read from disk each time. */
const READ_TWICE = { readAheadBytes: 64 << 20 };
/** What is held while a copy is made, and how long a source without a leader is waited for. */
const FOLLOW_BOUNDS = {
  maxQueuedEvents: 400_000,
  maxQueuedBytes: 128 << 20,
  giveUpAfterMs: 3_600_000,
} as const;

interface CopyCommandOptions extends PairOptions {
  targetReadBy?: PairOptions['readBy'];
  execute?: boolean;
  conflict: ConflictPolicy;
  startOver?: boolean;
  follow?: boolean;
  stopAt?: bigint;
  maxCounterRaise?: number;
  maxRequestBytes?: number;
  opsPerSecond?: number;
}

export function registerCopy(program: Command, runner: Runner): void {
  withPairOptions(withCommonOptions(program.command('copy <source> <target>')))
    .description(
      'copy a tree (host:port,…/path, a snapshot or a data directory); writes only with --execute',
    )
    .option('--execute', 'write; without it the copy is only counted and checked')
    .addOption(
      new Option('--conflict <policy>', 'what becomes of nodes that the target has already')
        .choices(CONFLICT_POLICIES)
        .default('fail'),
    )
    .option('--follow', 'then apply what is committed at the source, until stopped')
    .option('--stop-at <zxid>', 'with --follow: end once this transaction is applied', zxid)
    .option('--start-over', 'give up an unfinished copy between the same two')
    .option('--target-read-by <way>', 'how existing nodes are read: tap, or client')
    .option(
      '--max-counter-raise <n>',
      'most creates and deletes for sequence counters',
      wholeNumber(0, 2 ** 31),
    )
    .option('--max-request-bytes <n>', 'jute.maxbuffer of the target', wholeNumber(1_024, 2 ** 30))
    .option('--ops-per-second <n>', 'write no faster', wholeNumber(1, 10_000_000))
    .action(
      action<[string, string], CopyCommandOptions>(runner, (context, [from, to], options) =>
        copy(context, from, to, options),
      ),
    );
}

async function copy(
  context: CommandContext,
  from: string,
  to: string,
  options: CopyCommandOptions,
): Promise<Outcome> {
  if (options.stopAt !== undefined && options.follow !== true)
    throw new ZkferryError('BadUsage', '--stop-at: only with --follow, which it ends');
  const { copyTree } = await import('../../adapters/copy/copyTree');
  const { refuseOverlap } = await import('../../adapters/copy/refuseOverlap');
  const { source, target, selection, sourceAuth, targetAuth } = await treePair(
    context,
    from,
    to,
    options,
  );
  await refuseOverlap(source, target);
  const stop = new AbortController();
  const release = context.io.onInterrupt(() =>
    stop.abort(new ZkferryError('Interrupted', 'interrupted: the same command goes on')),
  );
  const job: CopyJob = {
    source: source.shown,
    openSource: () => openTree(context, source, options, sourceAuth, READ_TWICE),
    target: { ...target, auth: targetAuth },
    openTarget: (auth) => openExisting(context, target, options, auth),
    selection,
  };
  const copyOptions: CopyOptions = {
    ...options,
    execute: options.execute === true,
    journals: join(stateDirectory(context.io.env), 'copies'),
    spool: spoolDirectory(context),
    onProgress: progressOf(context),
    signal: stop.signal,
  };
  try {
    const result =
      options.follow === true
        ? await follow(context, job, source, options, copyOptions)
        : await copyTree(job, copyOptions);
    return { text: textOf(result, source.shown, target.shown), document: { ok: true, ...result } };
  } finally {
    release();
  }
}

async function follow(
  context: CommandContext,
  job: CopyJob,
  { servers, files, ensemble }: TreePlace,
  options: CopyCommandOptions,
  copyOptions: CopyOptions,
): Promise<FollowResult> {
  const { followTree } = await import('../../adapters/copy/followTree');
  const { openTap } = await import('../../adapters/tap/tap');
  if (options.readBy === 'client')
    throw new ZkferryError(
      'BadUsage',
      '--read-by client: transactions come through the quorum port only; leave it out with --follow',
    );
  if (files !== undefined)
    throw new ZkferryError(
      'BadUsage',
      `SOURCE: expected an ensemble (host:port,…/path) with --follow; got ${files}`,
    );
  const access = await tapAccess(servers, options, ensemble);
  let lastShown = 0;
  return followTree(
    {
      ...job,
      openTap: (from) =>
        openTap({
          ...access,
          ...(from !== undefined && { from }),
          directory: spoolDirectory(context),
          ...FOLLOW_BOUNDS,
          ...READ_TWICE,
        }),
    },
    {
      ...copyOptions,
      ...(options.stopAt !== undefined && { stopAt: options.stopAt }),
      onFollow: (status) => {
        const now = performance.now();
        if (now - lastShown < PROGRESS_EVERY_MS) return;
        lastShown = now;
        context.output.tick(followLine(status));
      },
    },
  );
}

const followLine = ({ state, zxid: at, lagTransactions, lagMs, transactions }: FollowStatus) =>
  `${state}: at ${at}, ${transactions} transactions applied, ${lagTransactions} behind (${Math.round(lagMs)} ms)`;

/** Without a word about it: by the tap, except of a standalone server, which has no quorum port. */
async function openExisting(
  context: CommandContext,
  target: TreePlace,
  options: CopyCommandOptions,
  auth: readonly Credential[],
): Promise<TreeSource> {
  const { targetReadBy } = options;
  try {
    return await openTree(context, target, { ...options, readBy: targetReadBy ?? 'tap' }, auth);
  } catch (error) {
    const isStandalone = isZkferryError(error) && error.type === 'Unsupported';
    if (targetReadBy !== undefined || !isStandalone) throw error;
    return openTree(context, target, { ...options, readBy: 'client' }, auth);
  }
}

const PHASES: Record<CopyProgress['phase'], string> = {
  read: 'reading the source',
  survey: 'surveying',
  compare: 'comparing with the target',
  check: 'trying what the target takes',
  write: 'writing',
  finish: 'setting ACLs',
};

function progressOf(context: CommandContext): (progress: CopyProgress) => void {
  let lastShown = 0;
  let phaseNow: string | undefined;
  let phaseSince = 0;
  return ({ phase, done, total }) => {
    const now = performance.now();
    if (phase !== phaseNow) [phaseNow, phaseSince] = [phase, now];
    else if (now - lastShown < PROGRESS_EVERY_MS) return;
    lastShown = now;
    const seconds = (now - phaseSince) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const of = total === undefined ? '' : ` of ${total}`;
    const left =
      total === undefined || rate === 0 ? '' : `, about ${Math.ceil((total - done) / rate)} s left`;
    const counted = done === 0 ? '' : `: ${done}${of} (${Math.round(rate)}/s${left})`;
    context.output.tick(`${PHASES[phase]}${counted}`);
  };
}

function textOf(result: CopyResult | FollowResult, source: string, target: string): string {
  const { nodes, bytes, ephemerals, counterPairs, containers, ttls, durationMs } = result;
  const { created, changed, deleted, skipped, executed } = result;
  const seconds = durationMs / 1000;
  const more = [
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(skipped > 0 ? [`${skipped} different and left as they are`] : []),
  ];
  return [
    `${source}: ${nodes} znodes (${bytes} bytes of data, ${containers} containers, ${ttls} with a time to live)`,
    `${target}: ${[`${created} ${executed ? 'created' : 'to create'}`, ...more].join(', ')}`,
    `sequence counters: ${counterPairs} to be made up for by creating and deleting`,
    ...(result.rootAhead
      ? [
          'the target gives / one sequence number more than the source: the marker of the copy takes it',
        ]
      : []),
    ...(ephemerals.count > 0
      ? [
          `left out: ${ephemerals.count} ephemerals: ${ephemerals.listed
            .slice(0, 10)
            .map(({ path, owner }) => `${path} (session ${owner})`)
            .join(', ')}`,
        ]
      : []),
    ...(result.resumedAfter === undefined
      ? []
      : [`went on after ${result.resumedAfter} steps of an earlier process`]),
    ...('resumedFrom' in result
      ? [`went on after ${result.resumedFrom}, where an earlier process was stopped`]
      : []),
    ...('complete' in result && executed
      ? [
          `followed to ${result.zxid}: ${result.transactions} transactions, lag p50 ${result.lagP50Ms.toFixed(1)} ms, p99 ${result.lagP99Ms.toFixed(1)} ms, compared again ${result.resyncs} times`,
          ...(result.complete
            ? []
            : ['the source had no leader at the end: what it committed last may be missing']),
        ]
      : []),
    executed
      ? `took ${seconds.toFixed(2)} s, ${Math.round(nodes / seconds)} znodes/s`
      : 'nothing was written; --execute does it',
  ].join('\n');
}
