/** `zkferry copy SRC DST`: a tree into another ensemble. Dry unless --execute; needs no Temporal. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { stateDirectory } from '../../adapters/stateDirectory';
import type { CopyJob, CopyOptions, FollowResult, FollowStatus } from '../../adapters/copy/options';
import { ZkferryError } from '../../model/errors';
import { CONFLICT_POLICIES, type ConflictPolicy } from '../../tree/copy/merge';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { copyText, PROGRESS_EVERY_MS, progressOf } from '../copyOutput';
import { wholeNumber, zxid } from '../options';
import { tapAccess } from '../quorumOptions';
import {
  openExisting,
  openTree,
  spoolDirectory,
  treePair,
  withPairOptions,
  type PairOptions,
} from '../treeSource';
import type { TreePlace } from '../treePlace';

/** From the first interrupt on, which ends the work in order, until another one ends the process. */
const FORCED_AFTER_MS = 1_000;
/** Beyond it a snapshot is read from disk each time. */
const READ_TWICE = { readAheadBytes: 64 << 20 };
/** What is held while a copy is made, and how long a source without a leader is waited for. */
const FOLLOW_BOUNDS = {
  maxQueuedEvents: 400_000,
  maxQueuedBytes: 128 << 20,
  giveUpAfterMs: 3_600_000,
} as const;

interface CopyCommandOptions extends PairOptions {
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
  const release = context.io.onInterrupt(() => {
    if (stop.signal.aborted) return;
    context.output.note('stopping; Ctrl-C again ends it at once, and the same command goes on');
    stop.abort(new ZkferryError('Interrupted', 'interrupted: the same command goes on'));
    // A target that does not answer may take minutes. npx passes one Ctrl-C on as two, at the same moment.
    setTimeout(release, FORCED_AFTER_MS).unref();
  });
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
    journals: join(stateDirectory(context.env), 'copies'),
    spool: spoolDirectory(context),
    onProgress: progressOf(context),
    signal: stop.signal,
  };
  try {
    const result =
      options.follow === true
        ? await follow(context, job, source, options, copyOptions)
        : await copyTree(job, copyOptions);
    return {
      text: copyText(result, source.shown, target.shown),
      document: { ok: true, ...result },
    };
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
