/** Servers whose hosts cannot be reached: what says so, what is done about them, and what is told. */
import { isZkferryError, ZkferryError, type ErrorType } from '../../src/model/errors';
import type { HostFacts } from '../../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import type { LeftOutServer } from '../../src/model/status';
import { whoMustStop } from '../../src/planning/fence/unreachable';
import type { Dependencies } from '../dependencies';
import { waitFor } from '../operation';
import { membersOf } from '../resolve';
import { closedServer, startByHand } from './byHand';

/** A leader looks for its quorum every tick, a follower waits for its leader for at most syncLimit ticks. */
const QUIET_MS = 60_000;

/** A host that answers with another key than it had may be anybody: it is refused, never gone without. */
export const isUnreachable = (error: unknown): boolean =>
  isZkferryError(error) && error.type === 'SshUnreachable';

/** Why a host could not be observed, as the failure that it was. */
export const unobserved = ({ error }: HostFacts): ZkferryError =>
  new ZkferryError(
    (error?.type ?? 'SshUnreachable') as ErrorType,
    error?.message ?? 'its host gives no answer',
    { retryable: error === undefined || error.type === 'SshUnreachable' },
  );

export type LeftOut = Omit<LeftOutServer, 'side'>;

/** Of a side that is left: it is to stay down. */
export const leftBehind = ({ name, ensemble }: ResolvedServer, why: string): LeftOut => ({
  server: name,
  why,
  byHand: `alone it commits nothing, since the others of ${ensemble} are stopped and masked, but nothing keeps it from starting: once its host is back, stop and mask it, and start no other server of ${ensemble} beside it`,
});

/**
 * Of a side that serves again: it is to come back.
 * @param needed the others are no quorum: nothing has been done to their data yet
 */
export function leftOfServing(server: ResolvedServer, why: string, needed = false): LeftOut {
  const start = startByHand(server);
  const { openByHand } = closedServer(server);
  return {
    server: server.name,
    why,
    byHand: needed
      ? 'those that answer are no quorum without it: nobody serves until enough of those left out run again; its data are needed, so keep them; once its host is back, open and start it'
      : 'once its host is back, open and start it, with what data it has: the others are a quorum, and it takes their history',
    ...(start !== undefined && { startByHand: `${openByHand} 2>/dev/null; ${start}` }),
  };
}

/** @throws FenceNotProven where those out of reach could go on by themselves, or nobody may be stopped for them */
export async function whomToStop(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  unreachable: readonly ResolvedServer[],
  mayStop: boolean,
  context: OperationContext,
): Promise<ResolvedServer[]> {
  if (unreachable.length === 0) return [];
  const members = membersOf(ensemble);
  const must = whoMustStop(
    members,
    unreachable.map(({ name }) => name),
  );
  if (must === undefined || !mayStop)
    throw new ZkferryError(
      'FenceNotProven',
      `${namesOf(unreachable)} cannot be reached, so that nobody can prove that it takes no writes${must === undefined ? ', and those that cannot be reached are a quorum by themselves' : ''}; make its host answer, or stop it and take it out of the ensemble (resize), then resume`,
    );
  return leaderLast(
    dependencies,
    members.filter(({ name }) => must.includes(name)),
    context,
  );
}

/** In the order in which they are to stop: with the leader last no other is elected meanwhile. */
export async function leaderLast(
  { zookeeper }: Dependencies,
  servers: readonly ResolvedServer[],
  { signal }: OperationContext,
): Promise<ResolvedServer[]> {
  const probes = await Promise.all(servers.map((server) => zookeeper.probe(server, { signal })));
  const leads = (server: ResolvedServer): number =>
    probes[servers.indexOf(server)]?.role === 'leader' ? 1 : 0;
  return [...servers].sort((one, other) => leads(one) - leads(other));
}

/** Waits until a server that nobody could close serves no more. One whose client port is out of reach too cannot tell. */
export async function quiet(
  { zookeeper }: Dependencies,
  server: ResolvedServer,
  context: OperationContext,
): Promise<void> {
  const what = `${server.name}, whose host cannot be reached, stops serving for want of a quorum`;
  await waitFor<true>(what, { timeoutMs: QUIET_MS, context }, async () => {
    const { state } = await zookeeper.probe(server, { signal: context.signal });
    return state === 'serving' ? { reasons: ['it still serves'] } : { value: true };
  });
}

export const namesOf = (servers: readonly ResolvedServer[]): string =>
  servers.map(({ name }) => name).join(', ');
