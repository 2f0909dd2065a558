/** From names in an input to what the inventory says, and to sessions with the right credentials. */
import { ZkferryError } from '../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { ZkSession } from '../src/model/ports';
import type { Target } from './api';
import type { Dependencies } from './dependencies';

export function serverOf(ensemble: ResolvedEnsemble, name: string | undefined): ResolvedServer {
  const server = ensemble.servers.find((candidate) => candidate.name === name);
  if (!server)
    throw new ZkferryError(
      'UnknownServer',
      `the inventory of ensemble ${ensemble.name} has no server ${JSON.stringify(name)}; it has ${ensemble.servers.map((known) => known.name).join(', ')}`,
    );
  return server;
}

/**
 * The ensemble of a run. A resize moves servers in and out while the inventory stays as it is: where the run says who
 * belongs to the ensemble now, that counts.
 */
export async function resolveTarget(
  dependencies: Dependencies,
  { ensemble, members, with: other }: Target,
): Promise<ResolvedEnsemble> {
  const own = await dependencies.inventory.resolve(ensemble);
  const resolved =
    other === undefined ? own : withSpares(own, await dependencies.inventory.resolve(other));
  return members === undefined ? resolved : withMembers(resolved, members);
}

/**
 * With the members of another ensemble as spares.
 * @throws InvalidInventory where a name or an id is claimed by both
 */
function withSpares(ensemble: ResolvedEnsemble, other: ResolvedEnsemble): ResolvedEnsemble {
  const spares = membersOf(other).map((server) => ({ ...server, spare: true }));
  for (const field of ['name', 'id'] as const)
    for (const spare of spares)
      if (ensemble.servers.some((server) => server[field] === spare[field]))
        throw new ZkferryError(
          'InvalidInventory',
          `server ${spare.name} of ${other.name}: ${field} ${spare[field]} is that of a server of ${ensemble.name} too; expected one that no server of either ensemble has, since they are to be members of one`,
        );
  return { ...ensemble, servers: [...ensemble.servers, ...spares] };
}

export const withMembers = (
  ensemble: ResolvedEnsemble,
  members: readonly string[],
): ResolvedEnsemble => ({
  ...ensemble,
  servers: ensemble.servers.map((server) => ({ ...server, spare: !members.includes(server.name) })),
});

export async function resolveServer(
  dependencies: Dependencies,
  target: Target,
  name: string | undefined,
): Promise<{ ensemble: ResolvedEnsemble; server: ResolvedServer }> {
  const ensemble = await resolveTarget(dependencies, target);
  return { ensemble, server: serverOf(ensemble, name) };
}

/** Members only: spares are known but belong to nothing yet. */
export const membersOf = (ensemble: ResolvedEnsemble): ResolvedServer[] =>
  ensemble.servers.filter((server) => !server.spare);

/** The inventory's credentials and the one that owns lock and canary. */
export async function credentialsOf(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
): Promise<{ scheme: string; credential: string }[]> {
  const given = await Promise.all(
    ensemble.auth.map(async ({ scheme, secret }) => ({
      scheme,
      credential: await dependencies.secrets.resolve(secret),
    })),
  );
  return [...given, { scheme: 'digest', credential: dependencies.ownerCredential }];
}

/** Runs `work` with a session to the given servers (all members by default), closed afterwards. */
export async function withSession<T>(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  options: { servers?: ResolvedServer[]; signal?: AbortSignal; connectTimeoutMs?: number },
  work: (session: ZkSession) => Promise<T>,
): Promise<T> {
  const session = await dependencies.zookeeper.openSession({
    servers: options.servers ?? membersOf(ensemble),
    auth: await credentialsOf(dependencies, ensemble),
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    operationTimeoutMs: 10_000,
    signal: options.signal,
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
