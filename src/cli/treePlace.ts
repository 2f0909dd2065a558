/** What a tree is named by on a command line: addresses, files, or an ensemble of the inventory. */
import { isZkferryError } from '../model/errors';
import type { ResolvedEnsemble } from '../model/inventory';
import type { ConnectString } from '../adapters/zookeeper/connectString';
import type { CommandContext } from './context';

export interface TreePlace extends ConnectString {
  /** A snapshot file or a data directory; there are no servers then. */
  files?: string;
  /** As the inventory has it. */
  ensemble?: Pick<ResolvedEnsemble, 'name' | 'quorum' | 'auth'>;
}

/**
 * `NAME` or `NAME/path` is an ensemble where the inventory knows that name, and a host otherwise; with a port it is
 * always a host. BadUsage for `what` that is neither.
 */
export async function placeOf(
  context: CommandContext,
  text: string,
  what: string,
): Promise<TreePlace> {
  const { parseConnectString } = await import('../adapters/zookeeper/connectString');
  const slash = text.indexOf('/');
  const name = slash === -1 ? text : text.slice(0, slash);
  const ensemble = /[:,]/.test(name) ? undefined : await inInventory(context, name);
  if (ensemble === undefined) return parseConnectString(text, what);
  const servers = ensemble.servers
    .filter(({ spare }) => !spare)
    .map(({ host, clientPort }) => ({ host, clientPort }));
  return {
    servers,
    path: slash === -1 ? '/' : text.slice(slash),
    // As if the addresses had been given: a copy begun by the one is gone on with by the other.
    shown: servers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(','),
    ensemble,
  };
}

/** Undefined where it is not known there, or where there is no inventory and nobody named one. */
async function inInventory(
  context: CommandContext,
  name: string,
): Promise<ResolvedEnsemble | undefined> {
  const { existsSync } = await import('node:fs');
  const { createInventory } = await import('../adapters/inventory');
  const { inventoryPath: path, common, io } = context;
  const isNamed = common.inventory !== undefined || Boolean(io.env.ZKFERRY_INVENTORY);
  if (!isNamed && !existsSync(path)) return undefined;
  try {
    return await createInventory({ path }).resolve(name);
  } catch (error) {
    if (isZkferryError(error) && error.type === 'UnknownEnsemble') return undefined;
    throw error;
  }
}
