/** Who belongs to the ensemble: ids, lists, and the inventory must say the same. */
import type { EnsembleFacts, Finding, MemberFacts, ServerFacts } from '../../model/facts';
import { error } from '../findings';
import { membersSeenBy } from '../members';
import { hostPort } from '../../model/hostPort';

export function memberFindings(facts: EnsembleFacts): Finding[] {
  return [
    ...idFindings(facts.servers),
    ...inventoryFindings(facts.servers),
    ...listFindings(facts.servers),
  ];
}

function idFindings(servers: readonly ServerFacts[]): Finding[] {
  const findings: Finding[] = [];
  const holders = new Map<number, ServerFacts>();
  for (const server of servers) {
    const seen: [number | undefined, string][] = [
      [server.host?.myid, 'its myid file says'],
      // A server alone runs as id 0 or 1, whatever its files say.
      [server.role === 'standalone' ? undefined : server.serverId, 'the running server says'],
    ];
    const differing = seen.find(([id]) => id !== undefined && id !== server.id);
    if (differing)
      findings.push(
        error(
          'MyidDiffers',
          `${server.server} has id ${server.id} in the inventory, ${differing[1]} ${differing[0]}`,
          {
            server: server.server,
            hint: 'correct the inventory, or the address it gives for this server',
          },
        ),
      );
    const id = server.serverId ?? server.host?.myid ?? server.id;
    const other = holders.get(id);
    if (other)
      findings.push(
        error('DuplicateId', `${other.server} and ${server.server} both have id ${id}`, {
          server: server.server,
          hint: 'two servers of one id can break the quorum: each needs its own',
        }),
      );
    else holders.set(id, server);
  }
  return findings;
}

function inventoryFindings(servers: readonly ServerFacts[]): Finding[] {
  const configured = new Map<number, { member: MemberFacts; by: string }>();
  for (const server of servers)
    for (const member of membersSeenBy(server) ?? [])
      if (!configured.has(member.id)) configured.set(member.id, { member, by: server.server });
  if (configured.size === 0) return [];
  const listed = new Set(servers.map(({ id }) => id));
  const unknown = [...configured.values()]
    .filter(({ member }) => !listed.has(member.id))
    .map(({ member, by }) =>
      error(
        'UnknownMember',
        `server.${member.id} (${hostPort(member.host, member.quorumPort)}) is a member, as ${by} says, but not in the inventory`,
        {
          hint: 'add it to the inventory: a member that is left behind would stay on the old version',
        },
      ),
    );
  const missing = servers
    .filter(({ id }) => !configured.has(id))
    .map(({ server, id }) =>
      error(
        'NotAMember',
        `${server} (id ${id}) is in the inventory, but in no member's configuration`,
        {
          server,
          hint: 'mark it as spare in the inventory, or add it to the ensemble first',
        },
      ),
    );
  return [...unknown, ...missing];
}

/** Hosts are left out: a member may name itself 0.0.0.0, or by another name. */
const shapeOf = (members: readonly MemberFacts[]): string =>
  members
    .map(({ id, quorumPort, electionPort, role }) => `${id}:${quorumPort}:${electionPort}:${role}`)
    .sort()
    .join(' ');

function listFindings(servers: readonly ServerFacts[]): Finding[] {
  const shapes = new Map<string, string[]>();
  for (const server of servers) {
    const members = membersSeenBy(server);
    if (!members || members.length === 0) continue;
    const shape = shapeOf(members);
    shapes.set(shape, [...(shapes.get(shape) ?? []), server.server]);
  }
  if (shapes.size < 2) return [];
  const said = [...shapes].map(([shape, by]) => `${by.join(', ')}: ${shape}`).join('; ');
  return [
    error('ServerListsDiffer', `members do not list the same ensemble (${said})`, {
      hint: 'finish the change of members on every server first',
    }),
  ];
}
