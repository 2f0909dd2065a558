/** `zkferry backup restore REPOSITORY ENSEMBLE[/path] TARGET[/path] --at …`: a tree of the past into a living ensemble. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { stateDirectory } from '../../../adapters/stateDirectory';
import type { CopyResult } from '../../../adapters/copy/options';
import { DEFAULT_ZNODE_ROOT } from '../../../model/contract';
import { readingOf } from '../../../planning/backup/standAlone';
import { CONFLICT_POLICIES, type ConflictPolicy } from '../../../tree/copy/merge';
import { ensembleAndPath, withMoment, type MomentOptions } from '../../backupPlace';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { copyText, progressOf } from '../../copyOutput';
import { chooseMoment, withMomentOpen } from '../../moment';
import { withQuorumOptions, type QuorumOptions } from '../../quorumOptions';
import {
  digestCredentials,
  openExisting,
  refuseOwn,
  spoolDirectory,
  READ_BY,
  type ReadOptions,
} from '../../treeSource';
import { placeOf } from '../../treePlace';

interface RestoreOptions extends MomentOptions, QuorumOptions {
  conflict: ConflictPolicy;
  include?: string[];
  exclude?: string[];
  targetAuth?: string[];
  targetReadBy?: ReadOptions['readBy'];
  startOver?: boolean;
  execute?: boolean;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function registerRestore(backup: Command, runner: Runner): void {
  withQuorumOptions(
    withMoment(withCommonOptions(backup.command('restore <repository> <ensemble> <target>'))),
  )
    .description(
      'a tree as of a moment (ENSEMBLE/path) into a living ensemble (host:port,…/path); writes only with --execute',
    )
    .addOption(
      new Option('--conflict <policy>', 'what becomes of nodes that the target has already')
        .choices(CONFLICT_POLICIES)
        .default('fail'),
    )
    .option('--include <pattern>', 'only what matches, and what is below it (repeatable)', collect)
    .option('--exclude <pattern>', 'not what matches, nor what is below it (repeatable)', collect)
    .option(
      '--target-auth <reference>',
      'env:NAME or file:/path of user:password (repeatable)',
      collect,
    )
    .addOption(new Option('--target-read-by <way>', 'how existing nodes are read').choices(READ_BY))
    .option('--start-over', 'give up an unfinished restore of the same')
    .option('--execute', 'write; without it, it is only counted and checked')
    .action(
      action<[string, string, string], RestoreOptions>(runner, (context, words, options) =>
        restore(context, words, options),
      ),
    );
}

async function restore(
  context: CommandContext,
  [repositoryName, from, to]: [string, string, string],
  options: RestoreOptions,
): Promise<Outcome> {
  const { copyTree } = await import('../../../adapters/copy/copyTree');
  const { restoreSource } = await import('../../../adapters/restore');
  const { Selection } = await import('../../../tree/copy/selection');
  const { ensemble, path } = ensembleAndPath(from);
  const target = await placeOf(context, to, 'TARGET');
  refuseOwn('ENSEMBLE', path);
  refuseOwn('TARGET', target.path);
  const selection = new Selection({
    sourceRoot: path,
    targetRoot: target.path,
    include: options.include,
    exclude: options.exclude,
    ownRoot: DEFAULT_ZNODE_ROOT,
  });
  const auth = await digestCredentials('--target-auth', target, options.targetAuth);
  const moment = await chooseMoment(context, repositoryName, ensemble, options);
  const shown = `${ensemble}${path} as of ${moment.extraction.zxid}`;
  const result: CopyResult = await withMomentOpen(context, moment, (input, signal) =>
    copyTree(
      {
        source: shown,
        openSource: () => restoreSource(input, shown, { spool: spoolDirectory(context), signal }),
        target: { ...target, auth },
        openTarget: (own) => openExisting(context, target, options, own),
        selection,
      },
      {
        ...{ conflict: options.conflict, execute: options.execute === true, signal },
        startOver: options.startOver === true,
        mayBeAhead: true,
        journals: join(stateDirectory(context.env), 'copies'),
        spool: spoolDirectory(context),
        onProgress: progressOf(context),
      },
    ),
  );
  return {
    text: [copyText(result, shown, target.shown), ...readingOf(moment.extraction.base)].join('\n'),
    document: { ok: true, asOf: moment.extraction.zxid, ...result },
  };
}
