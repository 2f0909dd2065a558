/** From full facts to the little that a run remembers of them. */
import type { EnsembleFacts } from '../src/model/facts';
import type { ResolvedEnsemble } from '../src/model/inventory';
import { listInForce } from '../src/planning/members';
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

function membersIn(
  { servers, leader }: EnsembleFacts,
  ensemble: ResolvedEnsemble,
): Pick<Observation, 'members'> {
  const list = listInForce(servers, leader);
  return list.length > 0 ? { members: namesIn(list, ensemble) } : {};
}
