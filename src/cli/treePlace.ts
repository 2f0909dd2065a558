/** What a tree is named by on a command line: addresses, files, or an ensemble of the inventory. */
import { isZkferryError, ZkferryError } from '../model/errors';
import { hostPort } from '../model/hostPort';
import type { ResolvedEnsemble } from '../model/inventory';
import type { ConnectString } from '../adapters/zookeeper/connectString';
import type { CommandContext } from './context';

export interface TreePlace extends ConnectString {
  /** A snapshot file or a data directory; there are no servers then. */
  files?: string;
  /** As the inventory has it. */
  ensemble?: ResolvedEnsemble;
  /** What gives the credentials for it, for messages. */
  authFrom?: string;
}

/**
 * `NAME` or `NAME/path` is an ensemble where the inventory knows that name, and a host otherwise; with a port it is
 * always a host. BadUsage for `what` that can be neither, UnknownEnsemble for a name that is none of the two.
 */
export async function placeOf(
  context: CommandContext,
  text: string,
  what: string,
): Promise<TreePlace> {
  const { parseConnectString } = await import('../adapters/zookeeper/connectString');
  const slash = text.indexOf('/');
  const name = slash === -1 ? text : text.slice(0, slash);
  if (/[:,]/.test(name)) return parseConnectString(text, what);
  const ensemble = await inInventory(context, name);
  if (typeof ensemble === 'string') {
    const place = parseConnectString(text, what);
    await refuseUnknownHost(name, what, ensemble);
    return place;
  }
  const servers = ensemble.servers
    .filter(({ spare }) => !spare)
    .map(({ host, clientPort }) => ({ host, clientPort }));
  return {
    servers,
    path: slash === -1 ? '/' : text.slice(slash),
    // As if the addresses had been given: a copy begun by the one is gone on with by the other.
    shown: servers.map(({ host, clientPort }) => hostPort(host, clientPort)).join(','),
    ensemble,
  };
}

/** A name slipped in an ensemble's would be tried as a host's for seconds, and no word of ensembles be said then. */
async function refuseUnknownHost(name: string, what: string, whyNoEnsemble: string): Promise<void> {
  const { lookup } = await import('node:dns/promises');
  const failure = await lookup(name).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  if (failure !== undefined)
    throw new ZkferryError(
      'UnknownEnsemble',
      `${what}: ${name} is neither an ensemble nor a host: ${whyNoEnsemble}; and no host of that name is found (${failure})`,
    );
}

/** Why not, where it is not known there, or where there is no inventory and nobody named one. */
async function inInventory(
  context: CommandContext,
  name: string,
): Promise<ResolvedEnsemble | string> {
  const { existsSync } = await import('node:fs');
  const { createInventory } = await import('../adapters/inventory');
  const { inventoryPath: path, common, env } = context;
  const isNamed = common.inventory !== undefined || Boolean(env.ZKFERRY_INVENTORY);
  if (!isNamed && !existsSync(path))
    return `there is no inventory ${path} here (--inventory or ZKFERRY_INVENTORY name another)`;
  try {
    return await createInventory({ path }).resolve(name);
  } catch (error) {
    if (isZkferryError(error) && error.type === 'UnknownEnsemble') return error.message;
    throw error;
  }
}
