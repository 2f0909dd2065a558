/** How commands name a tree to read: a connection string, and by which port it is read. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ConnectString } from '../adapters/zookeeper/connectString';
import { ZkferryError } from '../model/errors';
import type { TreeSource } from '../tree/source';
import type { CommandContext } from './context';
import { wholeNumber } from './options';

/** Longer than an election, shorter than the patience of whoever mistyped an address. */
const GIVE_UP_AFTER_MS = 15_000;
const READ_BY = ['tap', 'client'] as const;

export interface ReadOptions {
  readBy: (typeof READ_BY)[number];
  quorumPort?: number;
}

export const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function withReadOptions(command: Command): Command {
  return command
    .option('--read-by <way>', "tap: the leader's quorum port; client: the client port", 'tap')
    .option('--quorum-port <port>', 'of the leader, where it does not say', wholeNumber(1, 65_535));
}

/** Where snapshots and sorted runs are kept while a command works. */
export const spoolDirectory = (context: CommandContext): string =>
  join(context.io.env.ZKFERRY_STATE ?? join(tmpdir(), 'zkferry'), 'spool');

export async function openTree(
  context: CommandContext,
  { servers, shown, path }: ConnectString,
  { readBy, quorumPort }: ReadOptions,
  auth: readonly { scheme: string; credential: string }[],
): Promise<TreeSource> {
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
    servers: servers.map((server) => ({ ...server, quorumPort })),
    directory: spoolDirectory(context),
    giveUpAfterMs: GIVE_UP_AFTER_MS,
  });
}

/** `env:NAME` or `file:/path`, each the text `user:password`. */
export async function digestCredentials(
  references: readonly string[] = [],
): Promise<{ scheme: string; credential: string }[]> {
  const { createSecrets } = await import('../adapters/secrets');
  const secrets = createSecrets();
  return Promise.all(
    references.map(async (reference) => ({
      scheme: 'digest',
      credential: await secrets.resolve(reference),
    })),
  );
}
