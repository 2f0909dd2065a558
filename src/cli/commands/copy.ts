/** `zkferry copy SRC DST`: a tree into another ensemble. Dry unless --execute; needs no Temporal. */
import type { Command } from 'commander';
import type { CopyProgress, CopyResult } from '../../adapters/copy/copyTree';
import type { TreeSource } from '../../tree/source';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { wholeNumber } from '../options';
import { openTree, treePair, withPairOptions, type PairOptions } from '../treeSource';

const PROGRESS_EVERY_MS = 250;

interface CopyCommandOptions extends PairOptions {
  execute?: boolean;
  maxCounterRaise?: number;
  maxRequestBytes?: number;
  opsPerSecond?: number;
}

export function registerCopy(program: Command, runner: Runner): void {
  withPairOptions(withCommonOptions(program.command('copy <source> <target>')))
    .description(
      'copy a tree (host:port,…/path) to where nothing is yet; writes only with --execute',
    )
    .option('--execute', 'write; without it the copy is only counted and checked')
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
  const { copyTree } = await import('../../adapters/copy/copyTree');
  const { refuseOverlap } = await import('../../adapters/copy/refuseOverlap');
  const { source, target, selection, sourceAuth, targetAuth } = await treePair(from, to, options);
  await refuseOverlap(source, target);
  const tree = await openTree(context, source, options, sourceAuth);
  try {
    const result = await copyTree(tree, { ...target, auth: targetAuth }, selection, {
      ...options,
      execute: options.execute === true,
      onProgress: progressOf(context),
    });
    return { text: textOf(result, tree.shown, target.shown), document: documentOf(result, tree) };
  } finally {
    await tree.close();
  }
}

function progressOf(context: CommandContext): (progress: CopyProgress) => void {
  let last = 0;
  const startedAt = performance.now();
  return ({ phase, done, total }) => {
    const now = performance.now();
    if (now - last < PROGRESS_EVERY_MS) return;
    last = now;
    const seconds = (now - startedAt) / 1000;
    const of = total === undefined ? '' : ` of ${total}`;
    const left =
      total === undefined || done === 0
        ? ''
        : `, about ${Math.ceil(((total - done) / done) * seconds)} s left`;
    context.output.progress([`${phase}: ${done}${of} (${Math.round(done / seconds)}/s${left})`]);
  };
}

function textOf(result: CopyResult, source: string, target: string): string {
  const { nodes, bytes, ephemerals, counterPairs, containers, ttls, durationMs } = result;
  const seconds = durationMs / 1000;
  const verb = result.executed ? 'copied' : 'would copy';
  return [
    `${verb} ${nodes} znodes (${bytes} bytes of data, ${containers} containers, ${ttls} with a time to live) from ${source} to ${target}`,
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
    result.executed
      ? `took ${seconds.toFixed(2)} s, ${Math.round(nodes / seconds)} znodes/s`
      : 'nothing was written; --execute does it',
  ].join('\n');
}

const documentOf = (result: CopyResult, source: TreeSource) => ({
  ok: true,
  ...result,
  zxid: source.zxid === undefined ? undefined : `0x${source.zxid.toString(16)}`,
});
