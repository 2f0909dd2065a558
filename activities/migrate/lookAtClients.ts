/** What stands in the way of redirecting clients, found before anything is touched. */
import type { Client } from '../../src/model/client';
import { isZkferryError } from '../../src/model/errors';
import { hostPort } from '../../src/model/hostPort';
import type { OperationContext, ZooKeeperPort } from '../../src/model/ports';
import type {
  ClientLook,
  ClientState,
  LookedAtClient,
  RedirectOrder,
  Sides,
} from '../../src/model/redirect';
import { connectStringOf } from '../../src/planning/redirect/sides';
import type { Dependencies } from '../dependencies';
import { redirectPortOf } from './redirectClient';

type Finding = LookedAtClient['findings'][number];

export async function lookAtOne(
  dependencies: Dependencies,
  name: string,
  sides: Sides & Pick<RedirectOrder, 'planned'>,
  context: OperationContext,
): Promise<LookedAtClient> {
  const redirect = redirectPortOf(dependencies);
  try {
    const client = await dependencies.inventory.client(name);
    const look = await redirect.look(client, sides, context);
    const findings = [...look.problems.map(asError), ...onBothSides(client, look, sides)];
    if (client.proof === 'session') await redirect.sourcesOf(client);
    if (client.proof === 'none')
      findings.push({
        severity: 'warning',
        type: 'RedirectFailed',
        message: `client ${name} has proof: none: whether it follows is not looked at`,
      });
    const connections = Object.fromEntries(look.files.map((file) => [file.path, file.connections]));
    return { client: name, state: stateOf(look), connections, findings };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    return { client: name, state: 'unknown', connections: {}, findings: [asError(error)] };
  }
}

/** It can be led over and back; but until then its client may be where nothing is yet. */
const onBothSides = (client: Client, { files }: ClientLook, { to }: Sides): Finding[] =>
  files
    .filter(({ standing }) => standing === 'mixed')
    .map(({ path, connections }) => {
      const said = Object.entries(connections).map(([key, text]) => `${key} ${text}`);
      return warning(
        'ClientOnBothSides',
        `${path} on ${client.ssh?.host ?? client.name} names servers of both sides (${said.join(', ')}), so its client may connect to the new ones before they serve what the old ones have: let it name the old ones alone. Led over, it names ${connectStringOf({ servers: to.servers })} alone; led back, what it names now`,
      );
    });

const warning = (type: string, message: string): Finding => ({
  severity: 'warning',
  type,
  message,
});

function stateOf({ files }: ClientLook): ClientState {
  if (files.length === 0) return 'unknown';
  const standings = new Set(files.map(({ standing }) => standing));
  if (standings.has('other')) return 'other';
  if (standings.size > 1) return 'mixed';
  return files[0]!.standing;
}

const asError = ({ type, message }: { type: string; message: string }): Finding => ({
  severity: 'error',
  type,
  message,
});

/** A server that serves and does not say who is connected can prove nothing. */
export async function sideFindings(
  zookeeper: ZooKeeperPort,
  { from, to }: Sides,
  { signal }: OperationContext,
): Promise<Finding[]> {
  const found = await Promise.all(
    [...from.servers, ...to.servers].map(async (server): Promise<Finding[]> => {
      const { state, sessions } = await zookeeper.probe(server, { detailed: true, signal });
      if (state !== 'serving' || sessions !== undefined) return [];
      return [
        {
          severity: to.servers.includes(server) ? 'error' : 'warning',
          type: 'Unsupported',
          message: `${hostPort(server.host, server.clientPort)} does not answer cons, so no session can be seen on it: add cons to 4lw.commands.whitelist, or give its clients proof: health`,
        },
      ];
    }),
  );
  return found.flat();
}

/** Clients that come from one address can't be told apart: one counts as led over only once all of them are. */
export function sharedAddresses(
  names: ReadonlyMap<string, readonly string[]>,
): Map<string, Finding[]> {
  const found = new Map<string, Finding[]>();
  for (const [address, clients] of names) {
    if (clients.length < 2) continue;
    for (const client of clients)
      found.set(client, [
        ...(found.get(client) ?? []),
        {
          severity: 'warning',
          type: 'Unsupported',
          message: `client ${client} comes from ${address} as ${clients.length - 1} other(s) do: by their sessions they can only be proven together; put them into one batch, or give them proof: health`,
        },
      ]);
  }
  return found;
}
