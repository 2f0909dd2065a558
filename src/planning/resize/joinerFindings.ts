/** What stands against a server that is to join. */
import type { EnsembleFacts, Finding, ServerFacts } from '../../model/facts';
import { error, megabytes } from '../findings';
import { membersSeenBy } from '../members';
import type { Membership } from './membership';
import type { ResizeChecks } from './resizeFindings';
import { listsMembersOf } from './standing';

/** A server that is to join: its host, what is on it, and whether all can reach it. */
export function joinerFindings(
  joiner: ServerFacts,
  current: Membership,
  facts: EnsembleFacts,
  { reach = [] }: ResizeChecks,
): Finding[] {
  return [
    ...idFindings(joiner, current),
    ...hostFindings(joiner, facts),
    ...presentFindings(joiner, facts),
    ...reach
      .filter(({ to, from, state }) => [to, from].includes(joiner.server) && state === 'silent')
      .map(({ from, to, port }) =>
        error('PortUnreachable', `${from} gets no answer from ${to} port ${port}`, {
          server: joiner.server,
          hint: 'open the quorum and election ports between all members',
        }),
      ),
  ];
}

function idFindings({ server, id, host }: ServerFacts, current: Membership): Finding[] {
  const findings: Finding[] = [];
  const namesake = current.find((member) => member.id === id);
  if (namesake && namesake.server !== server)
    findings.push(
      error('DuplicateId', `${server} has id ${id}, as the member ${namesake.server} has`, {
        server,
        hint: 'give it an id of its own in the inventory',
      }),
    );
  if (host?.myid !== undefined && host.myid !== id)
    findings.push(
      error('MyidDiffers', `myid on the host of ${server} says ${host.myid}, the inventory ${id}`, {
        server,
        hint: 'correct the inventory, or remove the myid if the data there is not needed',
      }),
    );
  return findings;
}

/** A snapshot that is being received, the one that is then written, and its logs. */
const DISK_ROOM = 3;

function hostFindings({ server, host }: ServerFacts, facts: EnsembleFacts): Finding[] {
  if (!host?.reachable)
    return [
      error(
        host?.error?.type ?? 'HostNotObserved',
        `${server}: ${host?.error?.message ?? 'its host was not looked at'}`,
        { server, hint: 'check ssh, service, package and directories in the inventory' },
      ),
    ];
  const findings: Finding[] = [];
  if (host.java === undefined)
    findings.push(
      error('JavaMissing', `no Java was found on the host of ${server}`, {
        server,
        hint: 'install one, or name it by javaHome in the inventory',
      }),
    );
  const snapshots = facts.servers.map((one) => one.host?.data?.newestSnapshotBytes ?? 0);
  const needed = DISK_ROOM * Math.max(0, ...snapshots);
  const free = host.data?.freeBytes ?? host.package?.freeBytes;
  if (free !== undefined && free < needed)
    findings.push(
      error(
        'NoDiskSpace',
        `${server} has ${megabytes(free)} free, and needs ${megabytes(needed)}`,
        {
          server,
          hint: 'free as much as three snapshots of a member take',
        },
      ),
    );
  return findings;
}

/** Whatever is there already must belong to this ensemble. */
function presentFindings(joiner: ServerFacts, facts: EnsembleFacts): Finding[] {
  const { server, state, host } = joiner;
  if (listsMembersOf(facts, joiner)) return [];
  if (state === 'serving' || host?.process?.running === true) {
    const listed = membersSeenBy(joiner)?.map(({ id }) => `server.${id}`) ?? [];
    return [
      error(
        'JoinerListsOthers',
        `${server} runs already and lists no member of this ensemble${listed.length > 0 ? ` (${listed.join(', ')})` : ''}: it is an ensemble of its own, or of others`,
        { server, hint: 'stop it and move its data away, or choose another server' },
      ),
    ];
  }
  const { snapshotCount = 0, logCount = 0, directory } = host?.data ?? {};
  if (snapshotCount + logCount === 0)
    return host?.config === undefined
      ? []
      : [
          error(
            'HostOccupied',
            `${host.config.path} is on the host of ${server} already, and names no member of this ensemble`,
            { server, hint: 'move it away if nobody needs it, or correct directories.config' },
          ),
        ];
  return [
    error(
      'ForeignData',
      `${directory} on the host of ${server} holds data, and nothing says that it is this ensemble's`,
      { server, hint: 'move the data away: a joiner begins empty' },
    ),
  ];
}
