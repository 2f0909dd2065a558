/** A copy into the tree it reads would never end, or destroy what it copies. */
import { lookup } from 'node:dns/promises';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import type { ServerAddress } from '../zookeeper/fourLetterClient';
import { isSameEnsemble } from './sameEnsemble';

interface Place {
  servers: readonly ServerAddress[];
  path: string;
  shown: string;
}

/**
 * Looks at addresses first, then at the ensembles behind them. Files (no servers) are nobody's ensemble.
 *
 * @throws BadUsage where both are the same ensemble, and one path is the other or lies below it
 */
export async function refuseOverlap(source: Place, target: Place): Promise<void> {
  const isWithin = (path: string, root: string) =>
    path === root || root === '/' || path.startsWith(`${root}/`);
  if (!isWithin(source.path, target.path) && !isWithin(target.path, source.path)) return;
  if (source.servers.length === 0) return;
  const known = new Set(await addressesOf(source));
  const shared = (await addressesOf(target)).find((address) => known.has(address));
  if (shared === undefined && !(await isSameEnsemble(target, source))) return;
  const foundBy = shared ?? 'a session opened at the one is known at the other';
  throw new ZkferryError(
    'BadUsage',
    `${source.shown}${source.path} and ${target.shown}${target.path} are the same ensemble (${foundBy}), and one lies within the other: choose a target path outside ${source.path}`,
  );
}

/** A name that does not resolve is told so by whoever connects to it. */
async function addressesOf({ servers }: Place): Promise<string[]> {
  const found = await Promise.all(
    servers.map(async ({ host, clientPort }) => {
      const addresses = await lookup(host, { all: true }).catch(() => [{ address: host }]);
      return addresses.map(({ address }) => hostPort(address, clientPort));
    }),
  );
  return found.flat();
}
