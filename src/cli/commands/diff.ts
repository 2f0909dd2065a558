/** `zkferry diff SOURCE TARGET`: where two trees differ. Only reads; needs no Temporal. */
import type { Command } from 'commander';
import type { Difference } from '../../tree/diff/compare';
import type { TreeSource } from '../../tree/source';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { EXIT } from '../exitCodes';
import { wholeNumber } from '../options';
import {
  openTree,
  spoolDirectory,
  treePair,
  withPairOptions,
  type PairOptions,
} from '../treeSource';

const DEFAULT_LIMIT = 1_000;
const MOST_LISTED = 1_000_000;

interface DiffCommandOptions extends PairOptions {
  versions?: boolean;
  times?: boolean;
  limit: number;
}

export function registerDiff(program: Command, runner: Runner): void {
  withPairOptions(withCommonOptions(program.command('diff <source> <target>')))
    .description('compare two trees (host:port,…/path): data, ACL, type, next sequence number')
    .option('--target-read-by <way>', 'as --read-by, for the target alone')
    .option('--versions', 'compare the versions of data and ACL too')
    .option('--times', 'compare the times of creation and change too')
    .option(
      '--limit <n>',
      'list no more; all are counted',
      wholeNumber(1, MOST_LISTED),
      DEFAULT_LIMIT,
    )
    .action(
      action<[string, string], DiffCommandOptions>(runner, (context, [from, to], options) =>
        diff(context, from, to, options),
      ),
    );
}

async function diff(
  context: CommandContext,
  from: string,
  to: string,
  options: DiffCommandOptions,
): Promise<Outcome> {
  const { diffTrees } = await import('../../adapters/diff/diffTrees');
  const { source, target, selection, sourceAuth, targetAuth } = await treePair(
    context,
    from,
    to,
    options,
  );
  const targetOptions = { ...options, readBy: options.targetReadBy ?? options.readBy };
  const opening = [
    openTree(context, source, options, sourceAuth),
    openTree(context, target, targetOptions, targetAuth),
  ];
  try {
    const [left, right] = (await Promise.all(opening)) as [TreeSource, TreeSource];
    const found = await diffTrees(left, right, selection, {
      directory: spoolDirectory(context),
      versions: options.versions,
      times: options.times,
      onProgress: (nodes) => context.output.tick(`reading: ${nodes} znodes`),
    });
    try {
      const differences: Difference[] = [];
      let count = 0;
      for await (const difference of found.differences) {
        count += 1;
        if (differences.length < options.limit) differences.push(difference);
      }
      return {
        text: textOf(differences, count, found.summary),
        document: { ok: count === 0, count, differences, ...found.summary },
        exitCode: count === 0 ? EXIT.done : EXIT.failed,
      };
    } finally {
      await found.close();
    }
  } finally {
    const opened = await Promise.allSettled(opening);
    for (const tree of opened) if (tree.status === 'fulfilled') await tree.value.close();
  }
}

function textOf(
  differences: Difference[],
  count: number,
  summary: { nodes: { source: number; target: number }; typesCompared: boolean },
): string {
  const { nodes, typesCompared } = summary;
  const compared = `${nodes.source} znodes against ${nodes.target}${typesCompared ? '' : ', types of nodes not compared'}`;
  if (count === 0) return `equal: ${compared}`;
  const more = count - differences.length;
  return [
    ...differences.map(lineOf),
    ...(more > 0 ? [`… and ${more} more (--limit)`] : []),
    `${count} differences: ${compared}`,
  ].join('\n');
}

function lineOf(difference: Difference): string {
  if (difference.kind !== 'different')
    return `${difference.kind === 'onlyInSource' ? '-' : '+'} ${difference.path}`;
  const { path, fields, source, target } = difference;
  return `~ ${path}: ${fields.map((field) => `${field} ${source[field] ?? ''} | ${target[field] ?? ''}`).join('; ')}`;
}
