/** Who belongs to an ensemble, by what each server itself says. */
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import type { Lab } from '../../../src/lab/lab';

/** By server that serves: names of the members it lists; an observer's with a star. Up to 3.4 none is told. */
export async function configuredMembers(lab: Lab): Promise<Record<string, string>> {
  const zookeeper = createZooKeeperAdapter();
  const nameOf = (id: number): string =>
    lab.servers.find((server) => server.id === id)?.name ?? `#${id}`;
  const seen = await Promise.all(
    lab.servers.map(async (server) => {
      const { state, members = [] } = await zookeeper.probe(server, { detailed: true });
      const names = members.map(({ id, role }) => `${nameOf(id)}${role === 'observer' ? '*' : ''}`);
      return state === 'serving' ? [[server.name, names.sort().join(' ')] as const] : [];
    }),
  );
  return Object.fromEntries(seen.flat());
}
