/**
 * Whether two configurations may follow each other while servers run either of them: every quorum of the one must
 * meet every quorum of the other, or each could commit without the other knowing.
 */
import { ZkferryError } from '../../model/errors';
import { isQuorum, quorumSize, type QuorumMember } from '../quorum';

/** 2^16 sets are looked through in less than a second. */
const MAX_ENUMERATED = 16;

const votersOf = (config: readonly QuorumMember[]): number[] =>
  config.filter(({ role }) => role === 'participant').map(({ id }) => id);

const isGrouped = (config: readonly QuorumMember[]): boolean =>
  config.some(({ role, group }) => role === 'participant' && group !== undefined);

/** @throws Unsupported for more than 16 voters in groups */
export function quorumsMeet(a: readonly QuorumMember[], b: readonly QuorumMember[]): boolean {
  if (isGrouped(a) || isGrouped(b)) return enumeratedQuorumsMeet(a, b);
  const union = new Set([...votersOf(a), ...votersOf(b)]);
  return quorumSize(a) + quorumSize(b) > union.size;
}

/** Two disjoint quorums exist just where what a quorum of `a` leaves over is still a quorum of `b`. */
function enumeratedQuorumsMeet(a: readonly QuorumMember[], b: readonly QuorumMember[]): boolean {
  const ids = votersOf(a);
  if (ids.length > MAX_ENUMERATED)
    throw new ZkferryError(
      'Unsupported',
      `${ids.length} voters in groups: zkferry compares configurations with groups of at most ${MAX_ENUMERATED}`,
    );
  for (let bits = 1; bits < 1 << ids.length; bits += 1) {
    const chosen = new Set(ids.filter((_, index) => (bits & (1 << index)) !== 0));
    if (!isQuorum(a, chosen)) continue;
    if (
      isQuorum(
        b,
        votersOf(b).filter((id) => !chosen.has(id)),
      )
    )
      return false;
  }
  return true;
}
