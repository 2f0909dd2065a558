/** Which members an ensemble has, by its servers' own word, and the identity that follows. Pure. */
import { createHash } from 'node:crypto';
import type { MemberFacts, ServerFacts } from '../../src/model/facts';
import { commonList, membersSeenBy } from '../../src/planning/members';
import type { QuorumMember } from '../../src/planning/quorum';

/** /zookeeper/config, as read through a session. */
export interface ConfigInForce {
  members: MemberFacts[];
  /** `0x…` */
  version?: string;
  /** Whether anybody may write /zookeeper/config, i.e. reconfigure; absent: not known. */
  openToAll?: boolean;
}

const WILDCARDS = new Set(['0.0.0.0', '::', '[::]', '::0']);

/** A server often names itself by a wildcard in its own list; the name others know it by is what counts. */
function withoutWildcard(member: MemberFacts, servers: ServerFacts[]): MemberFacts {
  if (!WILDCARDS.has(member.host)) return member;
  const server = servers.find(({ id }) => id === member.id);
  return server ? { ...member, host: server.address.host } : member;
}

/**
 * Lists by preference: in force; the leader's `conf`, else its file; others' `conf`, zoo.cfg on disk, as most of them
 * have it: while lists are changed by files and nobody leads, one alone may have the next one already.
 */
function bestList(servers: ServerFacts[], config: ConfigInForce | undefined): MemberFacts[] {
  if (config && config.members.length > 0) return config.members;
  const leader = servers.find(({ role }) => role === 'leader');
  const own = leader && membersSeenBy(leader);
  if (own && own.length > 0) return own;
  const running = commonList(servers.map(({ members }) => members));
  return running.length > 0 ? running : commonList(servers.map(({ host }) => host?.members));
}

/** The members in force with real addresses; empty where no server says. */
export function membersInForce(
  servers: ServerFacts[],
  config: ConfigInForce | undefined,
): MemberFacts[] {
  return bestList(servers, config).map((member) => withoutWildcard(member, servers));
}

/** What quorums are reckoned over; falls back to the inventory. Groups and weights come from zoo.cfg where the list lacks them. */
export function votingConfiguration(
  servers: ServerFacts[],
  config: ConfigInForce | undefined,
): QuorumMember[] {
  const members = bestList(servers, config);
  if (members.length === 0) {
    return servers.map(({ id, inventoryRole }) => ({ id, role: inventoryRole }));
  }
  const onDisk = servers.flatMap(({ host }) => host?.members ?? []);
  return members.map(({ id, role, weight, group }) => {
    const written = onDisk.find((member) => member.id === id);
    return { id, role, weight: weight ?? written?.weight, group: group ?? written?.group };
  });
}

/** `host:port:port/role` of each member, sorted: equal for equal configurations, wildcards aside. */
export function comparableList(members: MemberFacts[], servers: ServerFacts[]): string {
  return members
    .map((member) => withoutWildcard(member, servers))
    .map(({ id, host, quorumPort, electionPort, role }) =>
      [id, host.toLowerCase(), quorumPort, electionPort, role].join(':'),
    )
    .sort()
    .join(',');
}

/**
 * sha256 (hex) over the sorted quorum addresses that the servers' own configuration names: the same ensemble
 * under any alias. Where none is known, over the inventory's client addresses.
 */
export function identityOf(servers: ServerFacts[], config: ConfigInForce | undefined): string {
  const members = membersInForce(servers, config);
  const addresses =
    members.length > 0
      ? members.map(({ host, quorumPort }) => `${host.toLowerCase()}:${quorumPort}`)
      : servers.map(({ address }) => `client ${address.host.toLowerCase()}:${address.clientPort}`);
  return createHash('sha256').update(addresses.sort().join('\n')).digest('hex');
}
