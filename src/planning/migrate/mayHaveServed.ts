/** Whether a side that was started on moved data may have acknowledged a write, though nobody has seen it serve. */
import type { EnsembleFacts } from '../../model/facts';
import { zxidValue } from '../../model/zxid';
import { isQuorum, type QuorumMember } from '../quorum';

/**
 * A leader acknowledges nothing before a quorum has written its epoch to disk, which is later than that of the transaction
 * they started from. Those that can't be asked may have.
 * @param startZxid absent: it is not known from where they started
 */
export function mayHaveServed(
  { servers }: EnsembleFacts,
  voters: readonly QuorumMember[],
  startZxid: string | undefined,
): boolean {
  if (startZxid === undefined) return true;
  const startEpoch = Number(zxidValue(startZxid) >> 32n);
  const mayHaveLed = voters.filter(({ id }) => {
    const host = servers.find((server) => server.id === id)?.host;
    const isKnown = host?.reachable === true && host.data !== undefined;
    return !isKnown || (host.data!.currentEpoch ?? 0) > startEpoch;
  });
  return isQuorum(
    voters,
    mayHaveLed.map(({ id }) => id),
  );
}
