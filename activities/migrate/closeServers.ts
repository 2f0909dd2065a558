/**
 * One side closed to its clients, or left as it was:
 *
 * 1. every server is looked at: what is to be closed there, and whether that can be done; nothing is touched
 * 2. all are closed at once
 * 3. where servers are out of reach, the voters that can be reached are stopped, the leader last, until those out of
 *    reach have noticed: until then they acknowledge what had its quorum before
 * 4. each proves that it is closed
 *
 * Whatever fails from 2 on starts again what it stopped, opens what it closed, and is told as it was.
 */
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { StepResult } from '../api';
import type { Dependencies } from '../dependencies';
import { membersOf } from '../resolve';
import { closedServer } from './byHand';
import { closingOf, type Closing } from './closingOf';
import { isUnreachable, leftBehind, namesOf, quiet, whomToStop } from './outOfReach';
import { proveClosed } from './proveClosed';

const STOP_MS = 60_000;

export interface CloseOptions {
  token: FenceToken;
  /** Whether stopping voters may stand in for servers out of reach. */
  mayStop: boolean;
}

export interface ClosedSide extends Pick<StepResult, 'closed' | 'leftOut'> {
  /** From here on nobody hears of a write. */
  fencedAt: string;
  detail: string;
}

/** @throws FenceNotProven; Unsupported, with nothing touched, where a host has no nft or no right to use it */
export async function closeServers(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { token, mayStop }: CloseOptions,
  context: OperationContext,
): Promise<ClosedSide> {
  const { closings, unreachable } = await lookAtAll(dependencies, ensemble, context);
  const stops = await whomToStop(dependencies, ensemble, unreachable, mayStop, context);
  const stopped: ResolvedServer[] = [];
  try {
    await allOf(closings, ({ server, ruleset }) =>
      dependencies.host.raiseClientFence(server, ruleset, token, context),
    );
    for (const server of stops) {
      stopped.push(server);
      await dependencies.host.stopServer(server, token, context, STOP_MS);
    }
    await allOf(unreachable, (server) => quiet(dependencies, server, context));
    const fencedAt = new Date().toISOString();
    await allOf(closings, ({ server, listeners }) =>
      proveClosed(dependencies, server, listeners, context),
    );
    const detail = `closed since ${fencedAt}, refused by ${namesOf(closings.map(({ server }) => server))}`;
    const closed = closings.map(({ server }) => closedServer(server));
    if (stops.length === 0) return { fencedAt, closed, detail };
    return {
      ...{ fencedAt, closed },
      leftOut: unreachable.map((server) => leftBehind(server, 'its host cannot be reached')),
      detail: `${detail}; ${namesOf(unreachable)} cannot be reached, so ${namesOf(stops)} were stopped: what is left is no quorum`,
    };
  } catch (error) {
    const servers = closings.map(({ server }) => server);
    throw await backOut(dependencies, { servers, stopped, token }, error, context);
  }
}

async function lookAtAll(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<{ closings: Closing[]; unreachable: ResolvedServer[] }> {
  const servers = membersOf(ensemble);
  const looks = await Promise.allSettled(
    servers.map((server) => closingOf(dependencies, server, context)),
  );
  const closings: Closing[] = [];
  const unreachable: ResolvedServer[] = [];
  looks.forEach((look, index) => {
    if (look.status === 'fulfilled') closings.push(look.value);
    else if (isUnreachable(look.reason)) unreachable.push(servers[index]!);
    else throw look.reason;
  });
  return { closings, unreachable };
}

/** @returns what to throw: `error`, and which servers it leaves closed */
async function backOut(
  { host }: Dependencies,
  undo: { servers: ResolvedServer[]; stopped: ResolvedServer[]; token: FenceToken },
  error: unknown,
  context: OperationContext,
): Promise<unknown> {
  const { servers, stopped, token } = undo;
  const results = await Promise.allSettled(
    servers.map(async (server) => {
      if (stopped.includes(server)) await host.startServer(server, token, context);
      await host.liftClientFence(server, token, context);
    }),
  );
  const left = servers.filter((_, index) => results[index]!.status === 'rejected');
  if (left.length === 0 || !isZkferryError(error)) return error;
  return new ZkferryError(
    error.type,
    `${error.message}; ${namesOf(left)} could not be opened again: a rollback does that`,
    { ...error.options, cause: error },
  );
}

/** Waits for all, so that nothing is under way any more when it fails with the first failure. */
async function allOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
