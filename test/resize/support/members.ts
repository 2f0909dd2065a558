/** Who belongs to an ensemble, by what each server itself says. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import { parseZooCfg } from '../../../src/codec/zooCfg';
import { hostPaths } from '../../../src/lab/hostFiles';
import type { Lab, LabServer } from '../../../src/lab/lab';
import type { EnsembleFacts } from '../../../src/model/facts';
import { ZkferryCommand } from '../../support/command';
import { until } from '../../support/until';

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

/** A connect string of these servers. */
export const connectStringOf = (servers: readonly { host: string; clientPort: number }[]): string =>
  servers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');

/**
 * Proves that `zkferry inspect` shows these members, each serving, each with this one list; `names` has a star after
 * observers. The inventory is told first who belongs to the ensemble now.
 */
export async function assertInspected(lab: Lab, names: string): Promise<void> {
  lab.setMembers(names.replaceAll('*', '').split(' '));
  const command = new ZkferryCommand(['inspect', lab.name, '--json', '--no-tree'], {
    ZKFERRY_INVENTORY: lab.inventoryPath,
  });
  const { document, stderr } = await command.ended;
  assert.ok(document, `inspect said nothing: ${stderr}`);
  const facts = document as unknown as EnsembleFacts;
  const nameOf = (id: number): string =>
    lab.servers.find((server) => server.id === id)?.name ?? `#${id}`;
  const shown = facts.servers.map((server) => {
    const list = server.members ?? server.host?.members ?? [];
    const members = list.map(({ id, role }) => `${nameOf(id)}${role === 'observer' ? '*' : ''}`);
    return `${server.server} ${server.state}: ${members.sort().join(' ')}`;
  });
  const expected = lab.members.map(({ name }) => `${name} serving: ${names}`);
  assert.deepEqual(shown.sort(), expected.sort());
  assert.ok(facts.leader, 'nobody leads');
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
export const leaderOf = (lab: Lab): Promise<string> => memberThatIs(lab, 'leader');

/** Name of the server that leads now, or is the first of these to lead within half a minute. */
export const leaderAmong = (servers: readonly LabServer[]): Promise<string> =>
  until('one of them to lead', () => roleAmong(servers, 'leader'), 30_000);

/** Name of a server that follows now, as a voter. */
export const followerOf = (lab: Lab): Promise<string> => memberThatIs(lab, 'follower');

async function memberThatIs(lab: Lab, role: 'leader' | 'follower'): Promise<string> {
  const name = await roleAmong(lab.members, role);
  if (name === undefined) throw new Error(`no member is ${role}`);
  return name;
}

async function roleAmong(servers: readonly LabServer[], role: 'leader' | 'follower') {
  const zookeeper = createZooKeeperAdapter();
  for (const server of servers)
    if ((await zookeeper.probe(server)).role === role) return server.name;
  return undefined;
}

/** Whether one of these servers leads and another follows. */
export async function servesAlone(lab: Lab, names: readonly string[]): Promise<boolean> {
  const zookeeper = createZooKeeperAdapter();
  const probes = await Promise.all(names.map((name) => zookeeper.probe(lab.server(name))));
  return ['leader', 'follower'].every((role) => probes.some((probe) => probe.role === role));
}

/** Configuration and data that ZooKeeper would read on that host. */
export function filesOf(lab: Lab, name: string): string[] {
  const { config, data } = hostPaths(lab.server(name).directory);
  return [config, data]
    .flatMap((directory) => readdirSync(directory).map((file) => join(directory, file)))
    .filter((path) => /zoo\.cfg|java\.env|myid|version-2/.test(path));
}
