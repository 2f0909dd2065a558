/**
 * One side closed without a firewall: its servers are stopped and masked, the leader last. Until the last is down a write
 * may still be acknowledged; it is in the logs of a quorum, which are read once none runs.
 */
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { Dependencies } from '../dependencies';
import { membersOf } from '../resolve';
import { leaderLast, type ClosedSide } from './closeServers';
import { listenersNow } from './closingOf';
import { proveClosed } from './proveClosed';

const STOP_MS = 60_000;

/** @throws FenceNotProven, with what it had stopped started again */
export async function closeByStopping(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  token: FenceToken,
  context: OperationContext,
): Promise<ClosedSide> {
  const members = membersOf(ensemble);
  const listeners = await Promise.all(
    members.map((server) => listenersNow(dependencies, server, context)),
  );
  const stopped: ResolvedServer[] = [];
  try {
    for (const server of await leaderLast(dependencies, members, context)) {
      stopped.push(server);
      await dependencies.host.stopServer(server, token, context, STOP_MS);
    }
    const fencedAt = new Date().toISOString();
    for (const [index, server] of members.entries())
      await proveClosed(dependencies, server, listeners[index]!, context);
    const names = members.map(({ name }) => name);
    return {
      fencedAt,
      detail: `stopped and masked since ${fencedAt}, refused by ${names.join(', ')}`,
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
