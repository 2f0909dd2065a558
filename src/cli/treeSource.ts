/** How commands name a tree to read: a connection string, and by which port it is read. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { digestCredential } from '../adapters/quorumSecurity';
import type { TapOptions } from '../adapters/tap/tap';
import { DEFAULT_ZNODE_ROOT } from '../model/contract';
import { isZkferryError, ZkferryError } from '../model/errors';
import type { TreeSource } from '../tree/source';
import type { CommandContext } from './context';
import { givenSecret, tapAccess, withQuorumOptions, type QuorumOptions } from './quorumOptions';
import { placeOf, type TreePlace } from './treePlace';

/** Longer than an election, shorter than the patience of whoever mistyped an address. */
const GIVE_UP_AFTER_MS = 15_000;
const SYSTEM_ROOT = '/zookeeper';
export const READ_BY = ['tap', 'client'] as const;
const ROOT = '/';

export interface ReadOptions extends QuorumOptions {
  readBy: (typeof READ_BY)[number];
  sourceLogDir?: string;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function withReadOptions(command: Command): Command {
  return withQuorumOptions(command)
    .option('--read-by <way>', "tap: the leader's quorum port; client: the client port", 'tap')
    .option(
      '--source-path <path>',
      'what is meant of SOURCE, where it is a file or directory',
      ROOT,
    )
    .option('--source-log-dir <directory>', 'where its logs lie, if apart (dataLogDir)');
}

export interface PairOptions extends ReadOptions {
  targetReadBy?: ReadOptions['readBy'];
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
    : withAuthFrom(await placeOf(context, from, 'SOURCE'), '--source-auth');
  refuseUnused(options, source);
  const target = withAuthFrom(await placeOf(context, to, 'TARGET'), '--target-auth');
  for (const [what, { path }] of Object.entries({ SOURCE: source, TARGET: target }))
    refuseOwn(what, path);
  const selection = new Selection({
    sourceRoot: source.path,
    targetRoot: target.path,
    include: options.include,
    exclude: options.exclude,
    ownRoot: DEFAULT_ZNODE_ROOT,
  });
  const sourceAuth = await digestCredentials('--source-auth', source, options.sourceAuth);
  const targetAuth = await digestCredentials('--target-auth', target, options.targetAuth);
  return { source, target, selection, sourceAuth, targetAuth };
}

const withAuthFrom = (place: TreePlace, option: string): TreePlace => ({
  ...place,
  authFrom:
    place.ensemble === undefined
      ? option
      : `"auth" of ${place.ensemble.name} in the inventory, or ${option}`,
});

/** Before anything is contacted; what would not count is said, since it may be relied on. */
function refuseUnused(options: PairOptions, { files }: TreePlace): void {
  const { readBy, targetReadBy, sourcePath, sourceLogDir } = options;
  for (const [option, way] of Object.entries({ 'read-by': readBy, 'target-read-by': targetReadBy }))
    if (way !== undefined && !READ_BY.includes(way))
      throw new ZkferryError(
        'BadUsage',
        `--${option}: expected ${READ_BY.join(' or ')}; got ${String(way)}`,
      );
  if (files !== undefined) return;
  const unused =
    sourceLogDir === undefined ? sourcePath !== ROOT && '--source-path' : '--source-log-dir';
  if (unused !== false)
    throw new ZkferryError(
      'BadUsage',
      `${unused}: only where SOURCE is a file or directory; with addresses the path follows them: host:port,…/path`,
    );
}

/** ZooKeeper's own nodes, and zkferry's, are never read or written as a tree. */
export function refuseOwn(what: string, path: string): void {
  const own = [SYSTEM_ROOT, DEFAULT_ZNODE_ROOT].find(
    (root) => path === root || path.startsWith(`${root}/`),
  );
  if (own !== undefined)
    throw new ZkferryError(
      'BadUsage',
      `${what}: ${path} is ${own === SYSTEM_ROOT ? "ZooKeeper's" : "zkferry's"} own and always left out; name another path`,
    );
}

/** A connection string begins with a host. */
const isFiles = (text: string): boolean => text.startsWith('/') || text.startsWith('.');

/** Where snapshots and sorted runs are kept while a command works. */
export const spoolDirectory = (context: CommandContext): string =>
  join(context.env.ZKFERRY_STATE ?? join(tmpdir(), 'zkferry'), 'spool');

export async function openTree(
  context: CommandContext,
  { files, servers, shown, path, ensemble, authFrom }: TreePlace,
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
  if (readBy === 'client') {
    const { ClientSource } = await import('../adapters/source/clientSource');
    return new ClientSource({ servers, shown, auth, authFrom, root: path });
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
export async function digestCredentials(
  option: string,
  { ensemble }: TreePlace,
  references: readonly string[] = [],
): Promise<{ scheme: string; credential: string }[]> {
  const { createSecrets } = await import('../adapters/secrets');
  const secrets = createSecrets();
  const given = references.map(async (reference) => {
    const secret = await givenSecret(secrets, option, reference);
    if (digestCredential(secret) !== undefined) return secret;
    throw new ZkferryError(
      'BadUsage',
      `${option}: expected the text user:password in ${reference}; there is no user before a colon in it`,
    );
  });
  const known = (ensemble?.auth ?? []).map(({ secret }) => secrets.resolve(secret));
  const credentials = await Promise.all([...known, ...given]);
  return credentials.map((credential) => ({ scheme: 'digest', credential }));
}

/** Without a word about it: by the tap, except of a standalone server, which has no quorum port. */
export async function openExisting(
  context: CommandContext,
  target: TreePlace,
  options: QuorumOptions & { targetReadBy?: ReadOptions['readBy'] },
  auth: readonly { scheme: string; credential: string }[],
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
