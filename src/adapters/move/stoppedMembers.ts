/** What the members of a stopped ensemble have on their disks; of those that cannot be asked, why. */
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { HostFacts } from '../../model/facts';
import type { ResolvedServer } from '../../model/inventory';
import type { HostPort, OperationContext } from '../../model/ports';
import { commonList } from '../../planning/members';
import type { SilentMember } from '../../planning/move/memberLog';
import type { QuorumMember } from '../../planning/quorum';
import type { LogPlaces } from './logPlaces';
import { readMemberLog, type LookFrom, type ReadLog } from './readMemberLog';

export interface StoppedMembers {
  /** Who votes, as most of their own files say; as the inventory does where none does. */
  config: readonly QuorumMember[];
  read: ReadLog[];
  silent: SilentMember[];
}

/** One of them, as its host says it is now. */
export interface StoppedMember {
  server: ResolvedServer;
  facts: HostFacts;
}

/** GuardRefused where a member runs: its log may grow. One that cannot be reached is no reason to refuse yet. */
export async function observeStopped(
  host: HostPort,
  members: readonly ResolvedServer[],
  context: OperationContext,
): Promise<StoppedMember[]> {
  const asked = await Promise.all(
    members.map(async (server) => ({
      server,
      facts: await host.observe(server, context, { depth: 'files' }),
    })),
  );
  refuseRunning(asked);
  return asked;
}

/** `captured`: logs are read from there on, or from where `places` says that something before it stands. */
export async function readStopped(
  host: HostPort,
  members: readonly StoppedMember[],
  { captured, places }: { captured: bigint; places: LogPlaces },
  context: OperationContext,
): Promise<StoppedMembers> {
  const looks = await Promise.all(
    members.map((member) => {
      const known = places[member.server.name];
      return look(host, member, { captured, ...(known && { known }) }, context);
    }),
  );
  const listed = commonList(members.map(({ facts }) => facts.members));
  return {
    config: listed.length > 0 ? listed : members.map(({ server }) => server),
    read: looks.filter((one) => 'log' in one),
    silent: looks.filter((one) => 'reason' in one),
  };
}

function refuseRunning(asked: readonly StoppedMember[]): void {
  const running = asked.filter(({ facts }) => facts.process?.running === true);
  if (running.length === 0) return;
  throw new ZkferryError(
    'GuardRefused',
    `${running.map(({ server }) => server.name).join(', ')} of ${running[0]!.server.ensemble} still run${running.length === 1 ? 's' : ''}: where a history ends is known once every server is stopped; stop and mask ${running.length === 1 ? 'it' : 'them'} first`,
  );
}

async function look(
  host: HostPort,
  { server, facts: { reachable, error, data } }: StoppedMember,
  from: Pick<LookFrom, 'captured' | 'known'>,
  context: OperationContext,
): Promise<ReadLog | SilentMember> {
  const { name, id } = server;
  const silent = (reason: string): SilentMember => ({ server: name, id, reason });
  if (!reachable) return silent(`cannot be reached (${error?.message ?? 'no answer'})`);
  const { currentEpoch } = data ?? {};
  try {
    const known = { ...from, ...(currentEpoch !== undefined && { currentEpoch }) };
    return await readMemberLog(host, server, known, context);
  } catch (failure) {
    context.signal.throwIfAborted();
    if (!isZkferryError(failure)) throw failure;
    return silent(`cannot be read (${failure.message})`);
  }
}
