/** Which voters are in step with the leader. Pure. */
import type { ServerFacts } from '../../src/model/facts';
import type { QuorumMember } from '../../src/planning/quorum';

const EPOCH_SHIFT = 32n;
const COUNTER_MASK = 0xffffffffn;

/** Upper half of a zxid (`0x…`). */
export const epochOf = (zxid: string): number => Number(BigInt(zxid) >> EPOCH_SHIFT);

/**
 * Ids of participants that serve in the leader's epoch, the leader included; none without a leader. A server
 * serves only after it synced with a leader, but shows that leader's epoch only from the epoch's first
 * transaction on: until the leader itself has one (zxid counter 0), serving is all there is to see.
 */
export function syncedVoterIds(
  servers: ServerFacts[],
  leader: ServerFacts | undefined,
  config: readonly QuorumMember[],
): number[] {
  if (!leader || leader.zxid === undefined) return [];
  const voters = new Set(config.filter(({ role }) => role === 'participant').map(({ id }) => id));
  const leaderZxid = BigInt(leader.zxid);
  const epochIsFresh = (leaderZxid & COUNTER_MASK) === 0n;
  const inStep = (server: ServerFacts): boolean =>
    server === leader ||
    (server.state === 'serving' &&
      server.role === 'follower' &&
      (epochIsFresh ||
        (server.zxid !== undefined && epochOf(server.zxid) === epochOf(leader.zxid!))));
  return servers.filter((server) => voters.has(server.id) && inStep(server)).map(({ id }) => id);
}
