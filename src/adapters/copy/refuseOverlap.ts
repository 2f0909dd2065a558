/** A copy into the tree it reads would never end, or destroy what it copies. */
import { lookup } from 'node:dns/promises';
import { ZkferryError } from '../../model/errors';
import type { ServerAddress } from '../zookeeper/fourLetterClient';

interface Place {
  servers: readonly ServerAddress[];
  path: string;
  shown: string;
}

/** @throws BadUsage where both name the same server, and one path is the other or lies below it */
export async function refuseOverlap(source: Place, target: Place): Promise<void> {
  const isWithin = (path: string, root: string) =>
    path === root || root === '/' || path.startsWith(`${root}/`);
  if (!isWithin(source.path, target.path) && !isWithin(target.path, source.path)) return;
  const known = new Set(await addressesOf(source));
  const shared = (await addressesOf(target)).find((address) => known.has(address));
  if (shared === undefined) return;
  throw new ZkferryError(
    'BadUsage',
    `${source.shown}${source.path} and ${target.shown}${target.path} are the same ensemble (${shared}), and one lies within the other: choose a target path outside ${source.path}`,
  );
}

/** A name that does not resolve is told so by whoever connects to it. */
async function addressesOf({ servers }: Place): Promise<string[]> {
  const found = await Promise.all(
    servers.map(async ({ host, clientPort }) => {
      const addresses = await lookup(host, { all: true }).catch(() => [{ address: host }]);
      return addresses.map(({ address }) => `${address}:${clientPort}`);
    }),
  );
  return found.flat();
}
