/**
 * The nft ruleset that closes listeners. Both directions of existing connections too: a request that is in the server's
 * hands already may commit, but nobody hears of it.
 */
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import type { FencePassage } from '../../model/clientFence';
import type { Listener } from './listeners';

/**
 * One transaction: whatever was in the table before is replaced. `passage`: who is let through to the client ports.
 * @throws Unsupported for a listener on a host name, which nft would resolve by itself
 */
export function fenceRuleset(
  table: string,
  listeners: readonly Listener[],
  passage?: FencePassage,
): string {
  const rules = listeners.map(({ what, address, port }) => {
    const [to, from] = address === undefined ? ['', ''] : matches(what, address);
    return {
      input: `    ${to}tcp dport ${port} reject with tcp reset`,
      // The refusal itself goes out from that port.
      output: `    ${from}tcp sport ${port} tcp flags & rst == 0x0 drop`,
    };
  });
  const passes = passage === undefined ? [] : passesOf(passage, listeners);
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    '  chain input {',
    '    type filter hook input priority -150; policy accept;',
    ...[...passes, ...rules].map(({ input }) => input),
    '  }',
    '  chain output {',
    '    type filter hook output priority -150; policy accept;',
    ...[...passes, ...rules].map(({ output }) => output),
    '  }',
    '}',
    '',
  ].join('\n');
}

function passesOf({ address, ports }: FencePassage, listeners: readonly Listener[]) {
  const family = z.ipv6().safeParse(address).success ? 'ip6' : 'ip';
  const range = `${ports.from}-${ports.to}`;
  return listeners
    .filter(({ what }) => what === 'client')
    .map(({ port }) => ({
      input: `    ${family} saddr ${address} tcp sport ${range} tcp dport ${port} accept`,
      output: `    ${family} daddr ${address} tcp dport ${range} tcp sport ${port} accept`,
    }));
}

function matches(what: string, address: string): [string, string] {
  if (z.ipv4().safeParse(address).success) return [`ip daddr ${address} `, `ip saddr ${address} `];
  if (z.ipv6().safeParse(address).success)
    return [`ip6 daddr ${address} `, `ip6 saddr ${address} `];
  throw new ZkferryError(
    'Unsupported',
    `the ${what} listener is configured for ${JSON.stringify(address)}; expected an IP address: give it one in zoo.cfg`,
  );
}
