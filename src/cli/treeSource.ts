/** How commands name a tree to read: a connection string, and by which port it is read. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { TapOptions } from '../adapters/tap/tap';
import { DEFAULT_ZNODE_ROOT } from '../model/contract';
import { ZkferryError } from '../model/errors';
import type { TreeSource } from '../tree/source';
import type { CommandContext } from './context';
import { tapAccess, withQuorumOptions, type QuorumOptions } from './quorumOptions';
import { placeOf, type TreePlace } from './treePlace';

/** Longer than an election, shorter than the patience of whoever mistyped an address. */
const GIVE_UP_AFTER_MS = 15_000;
const READ_BY = ['tap', 'client'] as const;

export interface ReadOptions extends QuorumOptions {
  readBy: (typeof READ_BY)[number];
  sourceLogDir?: string;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function withReadOptions(command: Command): Command {
  return withQuorumOptions(command)
    .option('--read-by <way>', "tap: the leader's quorum port; client: the client port", 'tap')
    .option('--source-path <path>', 'what is meant of SOURCE, where it is a file or directory', '/')
    .option('--source-log-dir <directory>', 'where its logs lie, if apart (dataLogDir)');
}

export interface PairOptions extends ReadOptions {
  sourcePath: string;
  include?: string[];
  exclude?: string[];
  sourceAuth?: string[];
  targetAuth?: string[];
}

/** What commands on two trees take. */
export function withPairOptions(command: Command): Command {
  return withReadOptions(command)
    .option('--include <pattern>', 'only what matches, and what is below it (repeatable)', collect)
    .option('--exclude <pattern>', 'not what matches, nor what is below it (repeatable)', collect)
    .option(
      '--source-auth <reference>',
      'env:NAME or file:/path of user:password (repeatable)',
      collect,
    )
    .option(
      '--target-auth <reference>',
      'env:NAME or file:/path of user:password (repeatable)',
      collect,
    );
}

/** The two trees of a command line, what of them is meant, and the credentials for each. */
export async function treePair(
  context: CommandContext,
  from: string,
  to: string,
  options: PairOptions,
) {
  const { Selection } = await import('../tree/copy/selection');
  const source: TreePlace = isFiles(from)
    ? { files: from, servers: [], path: options.sourcePath, shown: from }
    : await placeOf(context, from, 'SOURCE');
  const target = await placeOf(context, to, 'TARGET');
  const selection = new Selection({
    sourceRoot: source.path,
    targetRoot: target.path,
    include: options.include,
    exclude: options.exclude,
    ownRoot: DEFAULT_ZNODE_ROOT,
  });
  const sourceAuth = await digestCredentials(source, options.sourceAuth);
  const targetAuth = await digestCredentials(target, options.targetAuth);
  return { source, target, selection, sourceAuth, targetAuth };
}

/** A connection string begins with a host. */
const isFiles = (text: string): boolean => text.startsWith('/') || text.startsWith('.');

/** Where snapshots and sorted runs are kept while a command works. */
export const spoolDirectory = (context: CommandContext): string =>
  join(context.io.env.ZKFERRY_STATE ?? join(tmpdir(), 'zkferry'), 'spool');

export async function openTree(
  context: CommandContext,
  { files, servers, shown, path, ensemble }: TreePlace,
  options: ReadOptions,
  auth: readonly { scheme: string; credential: string }[],
  tapOptions: Partial<TapOptions> = {},
): Promise<TreeSource> {
  const { readBy, sourceLogDir } = options;
  if (files !== undefined) {
    const { openFiles } = await import('../adapters/source/dataDirectory');
    return openFiles({
      path: files,
      ...(sourceLogDir !== undefined && { logDirectory: sourceLogDir }),
      spool: spoolDirectory(context),
    });
  }
  if (!READ_BY.includes(readBy))
    throw new ZkferryError(
      'BadUsage',
      `--read-by: expected ${READ_BY.join(' or ')}; got ${String(readBy)}`,
    );
  if (readBy === 'client') {
    const { ClientSource } = await import('../adapters/source/clientSource');
    return new ClientSource({ servers, shown, auth, root: path });
  }
  const { TapSource } = await import('../adapters/source/tapSource');
  return TapSource.open(shown, {
    ...(await tapAccess(servers, options, ensemble)),
    directory: spoolDirectory(context),
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    ...tapOptions,
  });
}

/** Those of the inventory, and `references` beside them: `env:NAME` or `file:/path`, each the text `user:password`. */
async function digestCredentials(
  { ensemble }: TreePlace,
  references: readonly string[] = [],
): Promise<{ scheme: string; credential: string }[]> {
  const { createSecrets } = await import('../adapters/secrets');
  const secrets = createSecrets();
  return Promise.all(
    [...(ensemble?.auth ?? []).map(({ secret }) => secret), ...references].map(
      async (reference) => ({
        scheme: 'digest',
        credential: await secrets.resolve(reference),
      }),
    ),
  );
}
