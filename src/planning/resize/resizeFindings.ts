/** What stands against a resize, or should be known before it; each names the value seen and what would be accepted. */
import type { EnsembleFacts, Finding, ServerFacts } from '../../model/facts';
import type { ResizeEnsembleInput } from '../../model/inputs';
import { error, info, warning } from '../findings';
import { lockFindings } from '../lockFindings';
import { isServing, isStandalone, versionOfServer } from '../members';
import { isQuorum, marginOf, quorumSize } from '../quorum';
import { countsStrangers, mostWithStranger, needsNewcomer } from './changeSteps';
import { quorumsMeet } from './intersection';
import { memberOf, votersOf, type Membership } from './membership';
import type { MembershipChange } from './membershipPath';

export type ResizeKind = 'dynamic' | 'static';

/** Whether one server's host can connect to another server's port. */
export interface Reach {
  from: string;
  to: string;
  port: number;
  /** `refused`: the host answers, nothing listens there yet. */
  state: 'open' | 'refused' | 'silent';
}

export interface ResizeChecks {
  /** Synced voters that must remain beyond the quorum while one server is down. */
  margin: number;
  /** Whether the credentials of the inventory may reconfigure; absent: not asked, or no such right is needed. */
  mayReconfigure?: boolean;
  reach?: readonly Reach[];
}

/** What the ensemble itself must be like. */
export function ensembleFindings(
  facts: EnsembleFacts,
  current: Membership,
  goal: Membership,
  kind: ResizeKind,
  { mayReconfigure }: ResizeChecks,
): Finding[] {
  const findings = lockFindings(facts);
  if (isStandalone(facts))
    findings.push(
      error('StandaloneEnsemble', 'one server alone cannot change its members while it serves', {
        hint: 'an ensemble of one grows by a stop: write the new list, restart it, then resize',
      }),
    );
  if (facts.quorumMargin < 0)
    findings.push(
      error(
        'NoQuorum',
        `the ensemble has no synced quorum (${facts.syncedVoters} of ${facts.voters} voters, ${facts.quorumSize} needed)`,
        { hint: 'start the members that are down first' },
      ),
    );
  const versions = new Set(facts.servers.flatMap((server) => versionOfServer(server) ?? []));
  if (versions.size > 1)
    findings.push(
      error('MixedVersions', `members run ${[...versions].sort().join(' and ')}`, {
        hint: 'finish the upgrade first: all members must run one version',
      }),
    );
  const leaving = current.filter(({ server }) => !memberOf(goal, server));
  for (const server of facts.servers.filter((one) => memberOf(current, one.server)))
    if (!isServing(server) && !leaving.some((one) => one.server === server.server))
      findings.push(
        error('MemberDown', `${server.server} is ${server.state} and is to stay a member`, {
          server: server.server,
          hint: 'start it, or let it leave (remove or replace) in this run',
        }),
      );
  if (kind === 'dynamic' && mayReconfigure === false)
    findings.push(
      error(
        'ReconfigNotPermitted',
        'the credentials of the inventory may not write /zookeeper/config',
        {
          hint: 'give an ensemble auth entry that may: the superuser of superDigest, or an identity with write permission on /zookeeper/config',
        },
      ),
    );
  return findings;
}

/** Size and tolerance of what comes out. */
export function goalFindings(
  current: Membership,
  goal: Membership,
  { acceptNoTolerance }: Pick<ResizeEnsembleInput, 'acceptNoTolerance'>,
): Finding[] {
  const [from, to] = [votersOf(current), votersOf(goal)];
  const tolerance = (members: Membership): number =>
    marginOf(
      members,
      members.map(({ id }) => id),
    );
  const [before, after] = [tolerance(from), tolerance(to)];
  const loses = (many: number): string => `${many} of its voters may fail`;
  if (to.length === 0)
    return [error('NoVoters', 'nobody would be left to vote', { hint: 'let fewer servers leave' })];
  if (after < 1)
    return [
      {
        ...error(
          'NoTolerance',
          `with ${to.length} voter(s) the ensemble stops as soon as one fails`,
          { hint: 'keep at least three voters, or say acceptNoTolerance' },
        ),
        severity: acceptNoTolerance ? 'warning' : 'error',
      },
    ];
  const findings: Finding[] = [];
  if (after < before)
    findings.push(
      warning('SmallerMargin', `${loses(before)} now, ${loses(after)} afterwards`, {
        hint: 'keep more voters if that is not meant',
      }),
    );
  if (to.length % 2 === 0)
    findings.push(
      warning(
        'EvenSize',
        `${to.length} voters tolerate no more failures than ${to.length - 1} do, and need ${quorumSize(to)} to commit`,
        { hint: 'prefer an odd number' },
      ),
    );
  return findings;
}

/** Each change by itself: quorums that meet, and enough servers in step to commit it, `startedFirst` among them. */
export function changeFindings(
  facts: EnsembleFacts,
  changes: readonly MembershipChange[],
  kind: ResizeKind,
  { margin }: ResizeChecks,
  startedFirst: readonly ServerFacts[] = [],
): Finding[] {
  const findings: Finding[] = [];
  const synced = new Set(
    [
      ...facts.servers.filter((server) => isServing(server) && server.role !== 'observer'),
      ...startedFirst,
    ].map(({ id }) => id),
  );
  for (const change of changes) {
    const { before, after, server } = change;
    const votes = (members: Membership) => isVoter(members, server);
    if (votes(before) === votes(after)) continue;
    const grouped = [...before, ...after].some(({ group }) => group !== undefined);
    if (grouped && (kind === 'dynamic' || votes(after)))
      findings.push(
        error(
          'GroupedQuorum',
          `the voters are in groups, and ${kind === 'dynamic' ? 'ZooKeeper reconfigures those only as a whole' : `which group ${server} would belong to is not known`}`,
          { server, hint: 'change voters of groups by hand' },
        ),
      );
    else if (!quorumsMeet(before, after))
      findings.push(
        error(
          'QuorumsDoNotMeet',
          `a quorum of the voters before ${server} changes need not meet one of those after it`,
          {
            server,
            hint: 'change weights and groups first, so that every old quorum meets every new one',
          },
        ),
      );
    const version = facts.servers.map(versionOfServer).find((one) => one !== undefined);
    if (
      kind === 'static' &&
      votes(after) &&
      countsStrangers(version ?? '3.5.0') &&
      needsNewcomer(change)
    )
      findings.push(
        warning(
          'StrangerCounted',
          `${server} votes before a follower has the new list, and a ${version} leader counts it: until the first follower is back, a crash of the leader's host could lose writes that only those two hold`,
          {
            server,
            hint: 'grow at a quiet hour, or upgrade to 3.5 or later first, which counts listed servers only',
          },
        ),
      );
    const member = memberOf(after, server) ?? memberOf(before, server)!;
    // It stops while others still have to restart.
    const stopsEarly =
      kind === 'static' &&
      !votes(after) &&
      countsStrangers(version ?? '3.5.0') &&
      mostWithStranger(change) < Infinity;
    const holding = new Set([...synced].filter((id) => !stopsEarly || id !== member.id));
    // The one that comes is in step only after the change.
    if (!isQuorum(after, synced) || (kind === 'static' && !rollIsSafe(change, holding, margin)))
      findings.push(
        error(
          'NoMarginForChange',
          kind === 'static'
            ? `every server restarts once for it, and with ${holding.size} voters in step the rest would not hold a quorum with margin ${margin} each time`
            : `only ${[...synced].length} voters are in step, no quorum of the ${votersOf(after).length} there would be`,
          {
            server,
            hint: `start the members that are down, or let them leave first${stopsEarly ? `; or ask for a smaller margin: a ${version} leader counts ${server} as long as it votes, so that it stops before the last of the others restart` : ''}`,
          },
        ),
      );
    if (votes(after)) synced.add(member.id);
    else synced.delete(member.id);
  }
  const leavers = changes.filter(
    ({ server, before, after }) => isVoter(before, server) && !isVoter(after, server),
  );
  if (kind === 'static' && leavers.length > 0)
    findings.push(
      info(
        'TwoLists',
        `while followers restart without ${leavers.map(({ server }) => server).join(', ')} in their lists, the death of the leader may leave voters that cannot agree on another: nobody would serve until it is back, or the run is taken back`,
        { hint: 'a quiet hour, and somebody at hand who can start the leader again' },
      ),
    );
  return findings;
}

/** Followers restart under the old list, the leader last under the new one. */
function rollIsSafe(
  { before, after, server }: MembershipChange,
  synced: Set<number>,
  margin: number,
): boolean {
  const own = memberOf(after, server);
  const afterwards = own?.role === 'participant' ? [...synced, own.id] : [...synced];
  return marginOf(before, synced) - 1 >= margin && marginOf(after, afterwards) - 1 >= margin;
}

const isVoter = (members: Membership, server: string): boolean =>
  votersOf(members).some((one) => one.server === server);
