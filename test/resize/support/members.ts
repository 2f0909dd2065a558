/** Who belongs to an ensemble, by what each server itself says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import { parseZooCfg } from '../../../src/codec/zooCfg';
import { hostPaths } from '../../../src/lab/hostFiles';
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

/** By server: names of the members that its zoo.cfg lists. */
export function listsOnDisk(lab: Lab): Record<string, string> {
  const nameOf = (id: number): string =>
    lab.servers.find((server) => server.id === id)?.name ?? `#${id}`;
  return Object.fromEntries(
    lab.servers.map(({ name, directory }) => {
      const { servers } = parseZooCfg(
        readFileSync(join(hostPaths(directory).config, 'zoo.cfg'), 'utf8'),
      );
      const names = servers.map(({ id, role }) => `${nameOf(id)}${role === 'observer' ? '*' : ''}`);
      return [name, names.sort().join(' ')];
    }),
  );
}

/** Name of the server that leads now. */
export async function leaderOf(lab: Lab): Promise<string> {
  const zookeeper = createZooKeeperAdapter();
  for (const server of lab.members)
    if ((await zookeeper.probe(server)).role === 'leader') return server.name;
  throw new Error('nobody leads');
}

/** Configuration and data that ZooKeeper would read on that host. */
export function filesOf(lab: Lab, name: string): string[] {
  const { config, data } = hostPaths(lab.server(name).directory);
  return [config, data]
    .flatMap((directory) => readdirSync(directory).map((file) => join(directory, file)))
    .filter((path) => /zoo\.cfg|java\.env|myid|version-2/.test(path));
}
