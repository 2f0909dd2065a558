/** Sessions on the servers of two sides, looked at once for all clients that wait for theirs. */
import { sourceOf } from '../../src/adapters/redirect';
import type { ClientSide } from '../../src/model/redirect';
import type { ConnectedClient, OperationContext, ZooKeeperPort } from '../../src/model/ports';

/** A look that is younger is shared. */
const SHARED_MS = 250;

export interface SideSessions {
  /** By where they come from, in canonical form. */
  arrived: Map<string, ConnectedClient[]>;
  left: Map<string, ConnectedClient[]>;
}

/** `left`: servers that clients are to leave; `arrive`: those they are to be on. Each call gives a fresh enough look. */
export function sessionLook(
  zookeeper: ZooKeeperPort,
  { left, arrive }: { left: ClientSide['servers']; arrive: ClientSide['servers'] },
  { signal }: OperationContext,
): () => Promise<SideSessions> {
  let latest: { since: number; look: Promise<SideSessions> } | undefined;
  const on = async (servers: ClientSide['servers']) =>
    bySource(
      (await Promise.all(servers.map((server) => zookeeper.clients(server, { signal })))).flat(),
    );
  return () => {
    if (latest === undefined || Date.now() - latest.since > SHARED_MS) {
      const look = Promise.all([on(left), on(arrive)]).then(([gone, here]) => ({
        left: gone,
        arrived: here,
      }));
      latest = { since: Date.now(), look };
    }
    return latest.look;
  };
}

function bySource(clients: readonly ConnectedClient[]): Map<string, ConnectedClient[]> {
  const found = new Map<string, ConnectedClient[]>();
  for (const client of clients) {
    const source = sourceOf(client.address);
    found.set(source, [...(found.get(source) ?? []), client]);
  }
  return found;
}

export const sessionsFrom = (
  sessions: ReadonlyMap<string, ConnectedClient[]>,
  sources: readonly string[],
): ConnectedClient[] => sources.flatMap((source) => sessions.get(source) ?? []);
