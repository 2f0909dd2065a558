/**
 * One side closed without a firewall: its servers are stopped and masked, the leader last. Until the last is down a write
 * may still be acknowledged; it is in the logs of a quorum, which are read once none runs.
 */
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { Dependencies } from '../dependencies';
import { membersOf } from '../resolve';
import type { ClosedSide } from './closeServers';
import { listenersNow } from './closingOf';
import { isUnreachable, leaderLast, leftBehind, namesOf, quiet, whomToStop } from './outOfReach';
import { proveClosed } from './proveClosed';

const STOP_MS = 60_000;

/** @throws FenceNotProven, with what it had stopped started again */
export async function closeByStopping(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  token: FenceToken,
  context: OperationContext,
): Promise<ClosedSide> {
  const looks = await Promise.all(
    membersOf(ensemble).map(async (server) => ({
      server,
      listeners: await listenersNow(dependencies, server, context).catch(ifUnreachable),
    })),
  );
  const members = looks.flatMap(({ server, listeners }) =>
    listeners === undefined ? [] : [{ server, listeners }],
  );
  const unreachable = looks.flatMap(({ server, listeners }) =>
    listeners === undefined ? [server] : [],
  );
  // All that can be reached are stopped anyway; this refuses where that is not enough.
  await whomToStop(dependencies, ensemble, unreachable, true, context);
  const servers = members.map(({ server }) => server);
  const stopped: ResolvedServer[] = [];
  try {
    for (const server of await leaderLast(dependencies, servers, context)) {
      stopped.push(server);
      await dependencies.host.stopServer(server, token, context, STOP_MS);
    }
    await Promise.all(unreachable.map((server) => quiet(dependencies, server, context)));
    const fencedAt = new Date().toISOString();
    for (const { server, listeners } of members)
      await proveClosed(dependencies, server, listeners, context);
    const detail = `stopped and masked since ${fencedAt}, refused by ${namesOf(servers)}`;
    if (unreachable.length === 0) return { fencedAt, detail };
    return {
      fencedAt,
      leftOut: unreachable.map((server) => leftBehind(server, 'its host cannot be reached')),
      detail: `${detail}; ${namesOf(unreachable)} cannot be reached, and is no quorum without them`,
    };
  } catch (error) {
    const started = await Promise.allSettled(
      stopped.map((server) => dependencies.host.startServer(server, token, context)),
    );
    const left = stopped.filter((_, index) => started[index]!.status === 'rejected');
    if (left.length === 0 || !isZkferryError(error)) throw error;
    throw new ZkferryError(
      error.type,
      `${error.message}; ${left.map(({ name }) => name).join(', ')} could not be started again: a rollback does that`,
      { ...error.options, cause: error },
    );
  }
}

function ifUnreachable(error: unknown): undefined {
  if (!isUnreachable(error)) throw error;
  return undefined;
}
