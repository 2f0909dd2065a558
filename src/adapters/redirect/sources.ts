/** Addresses as servers show them in `cons`, and as the inventory names them, in one form. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { addressesOf, type Client } from '../../model/client';
import { ZkferryError } from '../../model/errors';

/** IPv6 in its shortest form, as `0:0:0:0:0:0:0:1` and `::1` are one. */
export function canonicalAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIP(bare) !== 6) return bare.toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  return mapped?.[1] ?? new URL(`http://[${bare}]`).hostname.slice(1, -1);
}

/** Of `ip:port`, as `cons` has it. */
export const sourceOf = (address: string): string =>
  canonicalAddress(address.slice(0, address.lastIndexOf(':')));

/** @throws ZkferryError RedirectFailed for a name that leads nowhere */
export async function sourcesOf(client: Client): Promise<string[]> {
  const found = new Set<string>();
  for (const host of addressesOf(client)) {
    if (isIP(host) !== 0) found.add(canonicalAddress(host));
    else for (const address of await resolved(client, host)) found.add(address);
  }
  return [...found];
}

async function resolved(client: Client, host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => canonicalAddress(address));
  } catch (error) {
    throw new ZkferryError(
      'RedirectFailed',
      `client ${client.name}: the name ${host} leads to no address (${(error as NodeJS.ErrnoException).code}): give its addresses in the inventory`,
      { retryable: true, cause: error },
    );
  }
}
