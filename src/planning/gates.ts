/** Where a plan stops to ask, and where going back ends. */
import type { EnsembleFacts } from '../model/facts';
import type { PlanStep } from '../model/plan';
import { atLeast, compareVersions } from '../model/version';
import { leaderOf, treeOf, versionOfServer } from './members';

/** From 3.5 on a leader may write transactions that 3.4 can't read. */
export const NEW_FORMAT = '3.5.0';

export const isNewFormat = (version: string): boolean => atLeast(version, NEW_FORMAT);

/** Whether a hop leaves the last release line that an older one can still follow back to. */
export const leavesOldFormat = (from: string, to: string): boolean =>
  compareVersions(from, NEW_FORMAT) < 0 && isNewFormat(to);

/**
 * Nodes that only a 3.5+ leader can have made, in words: its logs hold transactions that 3.4 cannot read. That none
 * is found proves nothing: create2 leaves no trace in the tree, and nodes may be gone that logs still name.
 */
export function foundNewFormat(facts: EnsembleFacts): string | undefined {
  const { containers = 0, ttls = 0, zxid } = treeOf(facts) ?? {};
  if (containers + ttls === 0) return undefined;
  return `the tree holds containers (${containers}) and nodes with a time to live (${ttls}) as of ${zxid}`;
}

/**
 * The leader's turn: its first step waits at gate `beforeLeader`, and may be the point of no return.
 * `oldest`: the oldest version a server had when the run began.
 */
export function gatedTurn(
  turn: readonly PlanStep[],
  from: string,
  to: string,
  oldest: string,
): PlanStep[] {
  const [first, ...rest] = turn;
  if (first === undefined) return [];
  const noReturn = leavesOldFormat(from, to);
  const wayBack = leavesOldFormat(oldest, from)
    ? `The point of no return is behind: there is no way back to ${oldest}`
    : 'Going back stays possible';
  return [
    {
      ...first,
      gate: 'beforeLeader',
      gateReason: noReturn
        ? `once ${first.server} stops leading, a ${to} server leads, and its logs may hold what ${from} cannot read; from there on going back below 3.5 is refused. The leader restarts: one election, during which writes wait`
        : `every other server runs ${to}; passing lets the leader ${first.server} restart: one election, during which writes wait. ${wayBack}`,
      ...(noReturn ? { pointOfNoReturn: true } : {}),
    },
    ...rest,
  ];
}

/** Why and from where going back is refused; empty while it stays possible until `finalize`. */
export function rollbackLimitOf(
  facts: EnsembleFacts,
  steps: readonly PlanStep[],
): { rollbackLimit?: string } {
  const crossing = steps.find(
    ({ fromVersion, toVersion }) =>
      fromVersion !== undefined &&
      toVersion !== undefined &&
      leavesOldFormat(fromVersion, toVersion),
  );
  if (!crossing) return {};
  const why =
    'a 3.5+ leader writes transactions that 3.4 cannot read (it dies on them, or drops nodes silently)';
  const leader = facts.servers.find(({ server }) => server === leaderOf(facts));
  const leads = leader && versionOfServer(leader);
  if (leads !== undefined && isNewFormat(leads))
    return {
      rollbackLimit: `a ${leads} server leads already: ${why}; going back below 3.5 is not possible from the start`,
    };
  const found = foundNewFormat(facts);
  if (found !== undefined)
    return { rollbackLimit: `${found}: going back below 3.5 is not possible from the start` };
  const last = steps.find(({ pointOfNoReturn }) => pointOfNoReturn);
  return {
    rollbackLimit: `going back ends where ${last?.server ?? 'the leader'} stops on ${crossing.fromVersion} (gate beforeLeader of the hop to ${crossing.toVersion}), or earlier if another server is elected meanwhile: ${why}`,
  };
}
