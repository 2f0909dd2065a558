/** Host names → connect string of addresses: the C client's own look-up is blocking and without deadline. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ZkferryError } from '../../model/errors';
import type { ServerAddress } from './fourLetterClient';

const MAX_SERVERS = 64;

export const showServers = (servers: readonly ServerAddress[]): string =>
  servers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');

/**
 * Names that don't resolve are left out as long as one does. IPv6 stands without brackets: the C client
 * splits at the last colon. ZooKeeperUnavailable if nothing resolves before the deadline.
 */
export async function connectStringOf(
  servers: readonly ServerAddress[],
  timeoutMs: number,
): Promise<string> {
  if (servers.length === 0 || servers.length > MAX_SERVERS) {
    throw new ZkferryError(
      'InvalidInput',
      `expected 1–${MAX_SERVERS} servers, got ${servers.length}`,
    );
  }
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  const resolved = await Promise.all(
    servers.map(async ({ host, clientPort }) => {
      if (isIP(host) !== 0) return `${host}:${clientPort}`;
      const found = await Promise.race([lookup(host).catch(() => undefined), deadline]);
      return found && `${found.address}:${clientPort}`;
    }),
  );
  clearTimeout(timer);
  const known = resolved.filter((address) => address !== undefined);
  if (known.length > 0) return known.join(',');
  throw new ZkferryError(
    'ZooKeeperUnavailable',
    `none of the host names of ${showServers(servers)} resolves: check the inventory's hosts and the DNS of this worker`,
    { retryable: true, details: { code: 'ConnectionLoss' } },
  );
}
