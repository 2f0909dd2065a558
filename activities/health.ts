/** Judging a server and its ensemble after a change: what is still missing, in words. */
import { commitCanaryThrough, readCanaryFrom } from '../src/adapters/zookeeper';
import { isZkferryError } from '../src/model/errors';
import type { EnsembleFacts, ServerState } from '../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { OperationContext, SessionOptions } from '../src/model/ports';
import type { Observation } from './api';
import type { Dependencies } from './dependencies';
import { znodePlace } from './whoHolds';
import { observationOf } from './observation';
import { observeEnsemble } from './observe/observeEnsemble';
import { credentialsOf, membersOf } from './resolve';

/** A server with this many requests in hand has not settled. */
const MAX_OUTSTANDING = 10;
/** A canary slower than this means the ensemble is still busy with the change. */
const MAX_CANARY_MS = 1_000;
/** Clients reconnect after a restart; more change than this between two looks means they still do. */
const MAX_CONNECTION_CHANGE = 0.2;
const CONNECT_TIMEOUT_MS = 3_000;

export interface SettledLook {
  reasons: string[];
  serverState: ServerState;
  connections: number;
  observation: Observation;
  detail: string;
}

export async function sessionOptions(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { signal }: OperationContext,
): Promise<Omit<SessionOptions, 'servers'>> {
  return {
    auth: await credentialsOf(dependencies, ensemble),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    operationTimeoutMs: CONNECT_TIMEOUT_MS,
    signal,
  };
}

/** A write of our own, through one server or through any; never rejects for an ensemble that takes none. */
export async function commitThrough(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  servers: ResolvedServer[],
  context: OperationContext,
): Promise<NonNullable<EnsembleFacts['canary']>> {
  try {
    const { latencyMs } = await commitCanaryThrough(
      dependencies.zookeeper,
      { ...(await sessionOptions(dependencies, ensemble, context)), servers },
      znodePlace(dependencies, ensemble),
    );
    return { committed: true, latencyMs };
  } catch (error) {
    if (!isZkferryError(error) || error.type !== 'ZooKeeperUnavailable') throw error;
    return { committed: false, error: error.message };
  }
}

/** What is missing until `server` counts as back: it serves the version, caught up, and everything is calm. */
export async function whyNotSettled(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  server: ResolvedServer,
  wanted: {
    version?: string;
    expectServing: string[];
    previous?: SettledLook;
    context: OperationContext;
  },
): Promise<SettledLook> {
  const { context, previous } = wanted;
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  const own = facts.servers.find((candidate) => candidate.server === server.name);
  const reasons = facts.servers
    .filter(({ server: name, state }) => state !== 'serving' && wanted.expectServing.includes(name))
    .map(
      ({ server: name, state, stateDetail }) =>
        `${name} is ${state}${stateDetail ? ` (${stateDetail})` : ''}`,
    );
  if (own?.state === 'serving') {
    if (wanted.version !== undefined && own.version !== wanted.version)
      reasons.push(
        `${server.name} says version ${own.versionText ?? 'none'}, not ${wanted.version}`,
      );
    if ((own.outstandingRequests ?? 0) > MAX_OUTSTANDING)
      reasons.push(`${server.name} has ${own.outstandingRequests} outstanding requests`);
  }
  if (facts.leader === undefined) reasons.push('no leader is seen');
  const connections = facts.servers.reduce((sum, { connections: held }) => sum + (held ?? 0), 0);
  if (
    previous &&
    Math.abs(connections - previous.connections) >
      Math.max(3, previous.connections * MAX_CONNECTION_CHANGE)
  )
    reasons.push(`connections still move (${previous.connections} → ${connections})`);
  let detail = '';
  if (reasons.length === 0) {
    const canary = await commitThrough(dependencies, ensemble, [server], context);
    if (!canary.committed) reasons.push(`no write commits through ${server.name}: ${canary.error}`);
    else if ((canary.latencyMs ?? 0) > MAX_CANARY_MS)
      reasons.push(`a write through ${server.name} took ${canary.latencyMs} ms`);
    detail = `serves ${own?.version} as ${own?.role}, a write through it committed in ${canary.latencyMs} ms`;
  }
  return {
    reasons,
    serverState: own?.state ?? 'unreachable',
    connections,
    observation: observationOf(facts),
    detail,
  };
}

/** Whether every expected member, after a sync, shows the same newest canary. */
export async function membersAgree(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  expected: string[],
  context: OperationContext,
): Promise<{ agree: boolean; detail: string }> {
  const place = znodePlace(dependencies, ensemble);
  const options = await sessionOptions(dependencies, ensemble, context);
  const members = membersOf(ensemble).filter(({ name }) => expected.includes(name));
  try {
    const { mzxid } = await commitCanaryThrough(
      dependencies.zookeeper,
      { ...options, servers: members },
      place,
    );
    const seen = await Promise.all(
      members.map(async (member) => {
        const canary = await readCanaryFrom(dependencies.zookeeper, member, options, place);
        return { name: member.name, mzxid: canary?.mzxid };
      }),
    );
    // The availability probe writes elsewhere, so nothing but this write may have moved the canary.
    const behind = seen.filter((member) => member.mzxid !== mzxid);
    return behind.length === 0
      ? { agree: true, detail: `all ${seen.length} hold the write of zxid ${mzxid}` }
      : {
          agree: false,
          detail: behind
            .map(({ name, mzxid: own }) => `${name} shows ${own ?? 'nothing'}, not ${mzxid}`)
            .join(', '),
        };
  } catch (error) {
    if (!isZkferryError(error)) throw error;
    return { agree: false, detail: error.message };
  }
}
