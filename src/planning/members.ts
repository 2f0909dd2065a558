/** Small questions about a server's facts that several rules ask. */
import type { EnsembleFacts, MemberFacts, ServerFacts, TreeFacts } from '../model/facts';
import { formatVersion, parseVersion } from '../model/version';

export const isServing = (server: ServerFacts): boolean => server.state === 'serving';

/** By what the running server says; else by the configuration; else by the inventory. */
export function isObserver(server: ServerFacts): boolean {
  if (server.role !== undefined) return server.role === 'observer';
  const configured = (server.members ?? server.host?.members)?.find(({ id }) => id === server.id);
  return (configured?.role ?? server.inventoryRole) === 'observer';
}

/** Whether stopping it takes one vote away from the quorum that holds now. */
export const isSyncedVoter = (server: ServerFacts): boolean =>
  isServing(server) && !isObserver(server);

/** The running version, else the installed one; `a.b.c`. */
export function versionOfServer(server: ServerFacts): string | undefined {
  const text = server.version ?? server.host?.package?.installedVersion;
  const version = text === undefined ? undefined : parseVersion(text);
  return version && formatVersion(version);
}

export const leaderOf = (facts: EnsembleFacts): string | undefined =>
  facts.leader ??
  facts.servers.find(({ role, state }) => role === 'leader' && state === 'serving')?.server;

/** An ensemble of one: there are no others that could go on serving. */
export const isStandalone = (facts: EnsembleFacts): boolean =>
  facts.voters === 1 || facts.servers.some(({ role }) => role === 'standalone');

/** Synced voters beyond the quorum once every voter serves. */
export const fullMargin = (facts: EnsembleFacts): number =>
  facts.quorumMargin + (facts.voters - facts.syncedVoters);

/** Members as the server's running configuration says, else its files. */
export const membersSeenBy = (server: ServerFacts): MemberFacts[] | undefined =>
  server.members ?? server.host?.members;

/** The list that most of them have, of those with any; the first of equals. */
export function commonList(lists: readonly (MemberFacts[] | undefined)[]): MemberFacts[] {
  const counts = new Map<string, { list: MemberFacts[]; count: number }>();
  for (const list of lists) {
    if (list === undefined || list.length === 0) continue;
    const key = list
      .map(({ id, role }) => `${id}:${role}`)
      .sort()
      .join();
    const seen = counts.get(key) ?? { list, count: 0 };
    counts.set(key, { ...seen, count: seen.count + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.list ?? [];
}

/** The leader's own list, else the one that most have; empty where nobody has one. */
export function listInForce(
  servers: readonly ServerFacts[],
  leader: string | undefined,
): MemberFacts[] {
  const leads = servers.find(({ server }) => server === leader);
  const own = (leads && membersSeenBy(leads)) ?? [];
  return own.length > 0 ? own : commonList(servers.map(membersSeenBy));
}

/** Value of a setting of zoo.cfg, or of the system property it becomes when given as a JVM flag. */
export function settingOf(server: ServerFacts, name: string): string | undefined {
  return (
    server.host?.config?.settings[name] ?? flagValue(server.host?.jvmFlags, `zookeeper.${name}`)
  );
}

/** Value of `-Dname=value` among JVM flags, the last one counting; '' for a bare `-Dname`. */
export function flagValue(flags: readonly string[] | undefined, name: string): string | undefined {
  const flag = flags?.findLast((text) => text === `-D${name}` || text.startsWith(`-D${name}=`));
  return flag?.slice(`-D${name}=`.length);
}

/** What the tree holds, where it was read. */
export const treeOf = ({ tree }: EnsembleFacts): TreeFacts | undefined =>
  tree === undefined || 'unknown' in tree ? undefined : tree;
