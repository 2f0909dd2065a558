/**
 * One look at an ensemble:
 * 1. probe all servers at once by four-letter words;
 * 2. where a 3.5+ server serves, read the configuration in force by a session of one read;
 * 3. ask the hosts over SSH: all of them for `full` depth; for `quorum` the leader's, else until one names the members,
 *    and only where ZooKeeper itself does not (3.4, or a closed whitelist); all of them where nobody leads, since then
 *    it counts which list most have;
 * 4. where asked to, read the whole tree once by the leader's quorum port;
 * 5. reckon voters, quorum and margin, and say what is wrong.
 */
import { setMaxListeners } from 'node:events';
import type {
  EnsembleFacts,
  Finding,
  HostFacts,
  ServerFacts,
  TreeLook,
} from '../../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type {
  HostPort,
  OperationContext,
  SecretsPort,
  ServerProbe,
  TreePort,
  ZooKeeperPort,
} from '../../src/model/ports';
import { marginOf, quorumSize } from '../../src/planning/quorum';
import {
  identityOf,
  membersInForce,
  votingConfiguration,
  type ConfigInForce,
} from './configuration';
import { readConfigInForce } from './readConfig';
import { epochOf, syncedVoterIds } from './synced';
import { observationWarnings } from './warnings';

export interface ObservePorts {
  zookeeper: ZooKeeperPort;
  /** Without it nothing is known of the hosts. */
  host?: HostPort;
  secrets?: SecretsPort;
  /** Without it the tree is not looked at. */
  tree?: TreePort;
}

export interface ObserveOptions {
  /** `quorum`: what the guard needs, within a second or two. `full`: hosts too. */
  depth: 'quorum' | 'full';
  context: OperationContext;
  /** For each four-letter word. Default 3 s. */
  probeTimeoutMs?: number;
  /** Reads the whole tree too, within this time: once for a plan or a person, not for every look. Default: it does not. */
  treeDeadlineMs?: number;
}

/** Rejects only when the context's signal aborts: whatever is down shows in the facts. */
export async function observeEnsemble(
  ports: ObservePorts,
  ensemble: ResolvedEnsemble,
  { depth, context: outer, probeTimeoutMs, treeDeadlineMs }: ObserveOptions,
): Promise<EnsembleFacts> {
  // Every server and connection listens to it: that many listeners are no leak.
  const signal = AbortSignal.any([outer.signal]);
  setMaxListeners(0, signal);
  const context = { signal, heartbeat: (detail?: unknown) => outer.heartbeat(detail) };
  const servers = ensemble.servers.filter((server) => !server.spare);
  const probing = Promise.all(
    servers.map(async (server) => {
      const probe = await ports.zookeeper.probe(
        { host: server.host, clientPort: server.clientPort },
        { detailed: true, timeoutMs: probeTimeoutMs, signal },
      );
      return { server, probe };
    }),
  );
  const [probed, fullHosts] = await Promise.all([
    probing,
    depth === 'full' ? askHosts(ports, servers, context) : new Map<string, HostFacts>(),
  ]);
  context.heartbeat();
  const config = await readConfigInForce(ports, ensemble, probed, signal);
  const said = config !== undefined || probed.some(({ probe }) => (probe.members ?? []).length > 0);
  const hosts =
    depth === 'quorum' && !said ? await askForMembers(ports, probed, context) : fullHosts;
  signal.throwIfAborted();
  const seen = probed.map(({ server, probe }) =>
    serverFacts(server, probe, hosts.get(server.name)),
  );
  const tree =
    treeDeadlineMs === undefined
      ? undefined
      : await lookAtTree(ports, ensemble, seen, config, treeDeadlineMs, context);
  return factsFrom(ensemble, seen, config, sessionsIn(probed.map(({ probe }) => probe)), tree);
}

async function lookAtTree(
  { tree }: ObservePorts,
  ensemble: ResolvedEnsemble,
  servers: ServerFacts[],
  config: ConfigInForce | undefined,
  deadlineMs: number,
  context: OperationContext,
): Promise<TreeLook | undefined> {
  if (!tree) return undefined;
  if (!servers.some(({ role }) => role === 'leader' || role === 'standalone'))
    return { unknown: 'no server leads' };
  const members = membersInForce(servers, config);
  const addresses = servers.map(({ id, address }) => {
    const member = members.find((candidate) => candidate.id === id);
    return { ...address, quorumHost: member?.host, quorumPort: member?.quorumPort };
  });
  return tree.look(ensemble, addresses, { deadlineMs }, context);
}

async function askHosts(
  ports: ObservePorts,
  servers: ResolvedServer[],
  context: OperationContext,
): Promise<Map<string, HostFacts>> {
  const { host } = ports;
  if (!host) return new Map();
  const asked = servers.filter((server) => server.ssh !== undefined);
  return new Map(
    await Promise.all(
      asked.map(async (server) => [server.name, await host.observe(server, context)] as const),
    ),
  );
}

async function askForMembers(
  ports: ObservePorts,
  probed: { server: ResolvedServer; probe: ServerProbe }[],
  context: OperationContext,
): Promise<Map<string, HostFacts>> {
  const leads = ({ probe }: { probe: ServerProbe }): boolean =>
    probe.role === 'leader' || probe.role === 'standalone';
  const servers = [...probed]
    .sort((a, b) => Number(leads(b)) - Number(leads(a)))
    .map(({ server }) => server);
  if (!probed.some(leads)) return askHosts(ports, servers, context);
  for (const server of servers) {
    const asked = await askHosts(ports, [server], context);
    if ((asked.get(server.name)?.members ?? []).length > 0) return asked;
  }
  return new Map();
}

function serverFacts(
  server: ResolvedServer,
  { sessions: _sessions, configVersion: _version, ...probe }: ServerProbe,
  host: HostFacts | undefined,
): ServerFacts {
  return {
    server: server.name,
    id: server.id,
    address: { host: server.host, clientPort: server.clientPort },
    inventoryRole: server.role,
    ...probe,
    ...(host && { host }),
  };
}

/** Sessions connected anywhere; absent where no server answers `cons`. */
function sessionsIn(probes: ServerProbe[]): EnsembleFacts['sessions'] {
  const known = probes.flatMap(({ sessions }) => sessions ?? []);
  if (known.length === 0) return undefined;
  const timeouts = known.flatMap(({ smallestTimeoutMs }) => smallestTimeoutMs ?? []);
  return {
    total: known.reduce((total, sessions) => total + sessions.total, 0),
    ...(timeouts.length > 0 && { smallestTimeoutMs: Math.min(...timeouts) }),
  };
}

/** Pure: everything that follows from what was seen. */
export function factsFrom(
  ensemble: ResolvedEnsemble,
  servers: ServerFacts[],
  config: ConfigInForce | undefined,
  sessions: EnsembleFacts['sessions'],
  tree?: TreeLook,
): EnsembleFacts {
  const leader = servers.find(({ role }) => role === 'leader' || role === 'standalone');
  const voting = votingConfiguration(servers, config);
  const synced = syncedVoterIds(servers, leader, voting);
  const epochs = servers.flatMap(({ zxid }) => (zxid === undefined ? [] : epochOf(zxid)));
  const reconfigEnabled = reconfigOf(servers, config);
  const facts: EnsembleFacts = {
    ensemble: ensemble.name,
    observedAt: new Date().toISOString(),
    identity: identityOf(servers, config),
    servers,
    ...(leader && { leader: leader.server }),
    voters: voting.filter(({ role }) => role === 'participant').length,
    syncedVoters: synced.length,
    quorumSize: quorumSize(voting),
    quorumMargin: marginOf(voting, synced),
    ...(epochs.length > 0 && { epoch: Math.max(...epochs) }),
    ...(sessions && { sessions }),
    ...(config?.version !== undefined && { configVersion: config.version }),
    ...(reconfigEnabled !== undefined && { reconfigEnabled }),
    ...(tree && { tree }),
    warnings: [],
  };
  return { ...facts, warnings: [...observationWarnings(facts, config), ...unusedTls(ensemble)] };
}

const unusedTls = ({ tls }: ResolvedEnsemble): Finding[] =>
  tls === undefined
    ? []
    : [
        {
          severity: 'warning',
          code: 'TlsNotUsed',
          message: "zkferry's own sessions are plain: tls of the inventory is not used yet",
          hint: 'let clientPort be a plain port that only the worker can reach',
        },
      ];

/** Known from zoo.cfg, or because the configuration was changed at run time before (version above 0). */
function reconfigOf(
  servers: ServerFacts[],
  config: ConfigInForce | undefined,
): boolean | undefined {
  const said = servers.flatMap(({ host }) =>
    host?.config === undefined ? [] : [host.config.settings['reconfigEnabled'] === 'true'],
  );
  if (said.includes(true)) return true;
  if (config?.version !== undefined && BigInt(config.version) > 0n) return true;
  return said.length === servers.length ? false : undefined;
}
