/** Who is still connected to the old side, and who has arrived. */
import type { OperationContext, ZooKeeperPort } from '../../src/model/ports';
import { sourceOf } from '../../src/adapters/redirect';
import { hostPort } from '../../src/model/hostPort';
import type { ClientSide, Readiness, Sides } from '../../src/model/redirect';
import { leftServers } from '../../src/planning/redirect/sides';

const MAX_LISTED = 200;

/** `names`: inventory clients by the address they come from. */
export async function readinessOf(
  zookeeper: ZooKeeperPort,
  sides: Sides,
  names: ReadonlyMap<string, string[]>,
  { signal }: OperationContext,
): Promise<Readiness> {
  const left = await Promise.all(
    leftServers(sides).map(async (server) => {
      const [probe, sessions] = await Promise.all([
        zookeeper.probe(server, { detailed: true, signal }),
        zookeeper.clients(server, { signal }),
      ]);
      // Without an answer to `cons` an empty list means nothing.
      const isTold = probe.sessions !== undefined;
      const watches = watchesOf(probe.monitor);
      return {
        entry: {
          server: shown(server),
          ...(isTold && { sessions: sessions.length }),
          ...(watches !== undefined && { watches }),
        },
        sessions: sessions.map(({ session, address }) => ({
          server: shown(server),
          session,
          address,
          clients: names.get(sourceOf(address)) ?? [],
        })),
      };
    }),
  );
  const arrived = await Promise.all(
    sides.to.servers.map((server) => zookeeper.clients(server, { signal })),
  );
  const remaining = left.flatMap(({ sessions }) => sessions);
  return {
    servers: left.map(({ entry }) => entry),
    arrived: arrived.flat().length,
    remaining: remaining.slice(0, MAX_LISTED),
    more: Math.max(0, remaining.length - MAX_LISTED),
  };
}

const shown = ({ host, clientPort }: ClientSide['servers'][number]): string =>
  hostPort(host, clientPort);

function watchesOf(monitor: Record<string, string> | undefined): number | undefined {
  const text = monitor?.['zk_watch_count'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
