/** One piece of work on every server of a side at once, and without which of them that is enough. */
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedServer } from '../../src/model/inventory';
import type { FenceToken } from '../../src/model/ports';
import { canServeWithout } from '../../src/planning/fence/unreachable';
import { isQuorum } from '../../src/planning/quorum';
import type { StepArgs, StepResult } from '../api';
import type { Dependencies } from '../dependencies';
import { tokenOf } from '../operation';
import { membersOf, resolveTarget } from '../resolve';
import { isUnreachable, type LeftOut } from './outOfReach';

interface ServerWork {
  /** What it says of the server, for people. */
  work: (server: ResolvedServer, token: FenceToken) => Promise<string>;
  /** Whether those named may be left as they are where their hosts are out of reach; never by default. */
  goesWithout?: (servers: readonly ResolvedServer[], missing: readonly string[]) => boolean;
  /** Whether any may be left as they are once they have been tried a few times: what is done to some is worth it. */
  worthDoingToSome?: boolean;
  /** `needed`: those that were not left out are no quorum. */
  left: (server: ResolvedServer, why: string, needed: boolean) => LeftOut;
}

/** Temporal tries again with growing pauses: the last of these comes after about five seconds. */
const TRIES = 4;

/**
 * Every one is tried, also where another fails: as few as possible are left behind. Whom an earlier step went without is
 * not tried: it lacks what that step has done.
 */
export async function onEveryServer(
  dependencies: Dependencies,
  args: StepArgs,
  { work, goesWithout = () => false, worthDoingToSome = false, left }: ServerWork,
): Promise<StepResult> {
  const servers = membersOf(await resolveTarget(dependencies, args));
  const token = tokenOf(args.fence);
  const { without = [] } = args;
  const tried = await Promise.allSettled(
    servers.map((server) =>
      without.includes(server.name) ? Promise.resolve(undefined) : work(server, token),
    ),
  );
  const failed = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const missing = servers.flatMap((server, index) => {
    const one = tried[index]!;
    if (one.status === 'rejected') return [{ server, why: messageOf(one.reason) }];
    return one.value === undefined
      ? [{ server, why: 'an earlier step could not reach its host' }]
      : [];
  });
  const names = missing.map(({ server }) => server.name);
  const isEnough =
    goesWithout(servers, names) ||
    (worthDoingToSome && token.attempt >= TRIES && missing.length < servers.length);
  const isBorne = failed.every(isUnreachable) && isEnough;
  if (failed.length > 0 && !isBorne) {
    const others = failed.filter((one) => !isUnreachable(one));
    if (others.length > 0) throw others[0];
    throw allUnreachable(servers, missing, failed[0] as ZkferryError);
  }
  const told = servers.map(({ name }, index) => {
    const one = tried[index]!;
    return one.status === 'fulfilled' && one.value !== undefined
      ? `${name} ${one.value}`
      : `${name} is left as it is: ${missing.find(({ server }) => server.name === name)!.why}`;
  });
  return {
    detail: told.join('; '),
    leftOut: missing.map(({ server, why }) => left(server, why, !canServeWithout(servers, names))),
  };
}

/** One failure that names them all: `first` is that of one of them. */
function allUnreachable(
  servers: readonly ResolvedServer[],
  missing: readonly { server: ResolvedServer; why: string }[],
  first: ZkferryError,
): ZkferryError {
  if (missing.length === 1) return first;
  const names = missing.map(({ server }) => server.name);
  const ids = missing.map(({ server }) => server.id);
  const quorum = isQuorum(servers, ids)
    ? `; these are a quorum: ${names.join(', ')}, so that they may serve by themselves, and nobody can without them`
    : '';
  const each = missing.map(({ server, why }) => `${server.name}: ${why}`).join('; ');
  return new ZkferryError(
    first.type,
    `the hosts of ${names.join(', ')} cannot be reached${quorum}; make them answer, then resume (${each})`,
    { ...first.options, cause: first },
  );
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
