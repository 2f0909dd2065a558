/** From full facts to the little that a run remembers of them. */
import type { EnsembleFacts } from '../src/model/facts';
import type { ResolvedEnsemble } from '../src/model/inventory';
import { membersSeenBy } from '../src/planning/members';
import type { Observation } from './api';
import { namesIn } from './memberNames';

/** With `ensemble`, also who the members are under their inventory names. */
export function observationOf(facts: EnsembleFacts, ensemble?: ResolvedEnsemble): Observation {
  const leader = facts.servers.find((server) => server.server === facts.leader);
  return {
    observedAt: facts.observedAt,
    leader: facts.leader,
    leaderVersion: leader?.version,
    epoch: facts.epoch,
    versions: Object.fromEntries(
      facts.servers.flatMap(({ server, version }) => (version ? [[server, version]] : [])),
    ),
    roles: Object.fromEntries(
      facts.servers.map((server) => [server.server, server.role ?? server.state]),
    ),
    syncedVoters: facts.syncedVoters,
    quorumMargin: facts.quorumMargin,
    identity: facts.identity,
    ...(ensemble && membersIn(facts, ensemble)),
  };
}

/** By the leader's own list, else by anybody's. */
function membersIn(
  { servers, leader }: EnsembleFacts,
  ensemble: ResolvedEnsemble,
): Pick<Observation, 'members'> {
  const lists = [...servers]
    .sort((a, b) => Number(b.server === leader) - Number(a.server === leader))
    .map((server) => membersSeenBy(server) ?? []);
  const list = lists.find((members) => members.length > 0);
  return list ? { members: namesIn(list, ensemble) } : {};
}
