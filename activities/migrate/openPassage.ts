/** A closed side stays closed to everybody but this worker, which brings it what the other side acknowledges. */
import { isPassable, passageTo, throughFence } from '../../src/adapters/zookeeper/passage';
import { ZkferryError } from '../../src/model/errors';
import { hostPort } from '../../src/model/hostPort';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { Dependencies } from '../dependencies';
import { membersOf } from '../resolve';
import { closingOf } from './closingOf';
import { proveClosed } from './proveClosed';

/**
 * Idempotent; another worker opens its own way, which closes this one's.
 * @returns the members that can be reached, as they are reached
 * @throws FenceNotProven where more than that got through, or nothing does
 */
export async function openPassage(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  token: FenceToken,
  context: OperationContext,
): Promise<ResolvedServer[]> {
  const tried = await Promise.allSettled(
    membersOf(ensemble).map((server) => openOne(dependencies, server, token, context)),
  );
  const open = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = tried.find((one) => one.status === 'rejected');
  if (open.length === 0 && failed) throw failed.reason;
  return open.map(throughFence);
}

async function openOne(
  dependencies: Dependencies,
  server: ResolvedServer,
  token: FenceToken,
  context: OperationContext,
): Promise<ResolvedServer> {
  if (await isPassable(server)) return server;
  const passage = await passageTo(server);
  const { listeners, ruleset } = await closingOf(dependencies, server, context, passage);
  await dependencies.host.raiseClientFence(server, ruleset, token, context);
  await proveClosed(dependencies, server, listeners, context);
  if (await isPassable(server)) return server;
  const { address, ports } = passage;
  throw new ZkferryError(
    'FenceNotProven',
    `${server.name} (${hostPort(server.host, server.clientPort)}) is closed to this worker too, which comes from ${address}, ports ${ports.from} to ${ports.to}: addresses or ports are translated on the way, or the server does not run; let the worker reach it as it is`,
    { retryable: true },
  );
}
