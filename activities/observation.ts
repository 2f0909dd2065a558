/** From full facts to the little that a run remembers of them. */
import type { EnsembleFacts } from '../src/model/facts';
import type { Observation } from './api';

export function observationOf(facts: EnsembleFacts): Observation {
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
  };
}
