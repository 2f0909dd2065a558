/**
 * Quorum arithmetic: majorities, and groups with weights as QuorumHierarchical counts them (a quorum holds
 * more than half the weight in each of more than half of the groups of non-zero weight). Weights count
 * only where groups are given.
 */
import { ZkferryError } from '../model/errors';

export interface QuorumMember {
  id: number;
  role: 'participant' | 'observer';
  /** Default 1; 0 never counts. */
  weight?: number;
  group?: number;
}

/** Subsets are enumerated for groups: beyond this many voters that takes too long. */
const MAX_GROUPED_VOTERS = 20;

const votersOf = (config: readonly QuorumMember[]): QuorumMember[] =>
  config.filter((member) => member.role === 'participant');

const isHierarchical = (voters: readonly QuorumMember[]): boolean =>
  voters.some((voter) => voter.group !== undefined);

/** Whether these servers alone can commit a write. Ids that are no voters don't count. */
export function isQuorum(config: readonly QuorumMember[], ids: Iterable<number>): boolean {
  const voters = votersOf(config);
  const present = new Set(ids);
  if (!isHierarchical(voters)) {
    return voters.filter((voter) => present.has(voter.id)).length * 2 > voters.length;
  }
  const groups = new Map<number, { total: number; present: number }>();
  for (const voter of voters) {
    const weight = voter.weight ?? 1;
    // A voter outside all groups is refused by ZooKeeper itself; counted as a group that never agrees.
    const key = voter.group ?? -1;
    const group = groups.get(key) ?? { total: 0, present: 0 };
    group.total += weight;
    if (present.has(voter.id) && voter.group !== undefined) group.present += weight;
    groups.set(key, group);
  }
  const counting = [...groups.values()].filter((group) => group.total > 0);
  const agreeing = counting.filter((group) => group.present * 2 > group.total);
  return agreeing.length * 2 > counting.length;
}

/** Fewest voters whose agreement commits a write; Infinity where no set does. */
export function quorumSize(config: readonly QuorumMember[]): number {
  const voters = votersOf(config);
  if (voters.length === 0) return Infinity;
  if (!isHierarchical(voters)) return Math.floor(voters.length / 2) + 1;
  const ids = voters.map((voter) => voter.id);
  for (let size = 1; size <= ids.length; size += 1) {
    if (someSubset(ids, size, (subset) => isQuorum(config, subset))) return size;
  }
  return Infinity;
}

/**
 * How many more of these synced voters may stop, whichever they are, while the rest stays a quorum. Negative:
 * they are no quorum, and at least so many voters more are needed.
 */
export function marginOf(config: readonly QuorumMember[], syncedIds: Iterable<number>): number {
  const voters = votersOf(config);
  const wanted = new Set(syncedIds);
  const synced = voters.map((voter) => voter.id).filter((id) => wanted.has(id));
  if (!isHierarchical(voters)) return synced.length - (Math.floor(voters.length / 2) + 1);
  if (!isQuorum(config, synced)) {
    const missing = voters.map((voter) => voter.id).filter((id) => !wanted.has(id));
    for (let size = 1; size <= missing.length; size += 1) {
      if (someSubset(missing, size, (added) => isQuorum(config, [...synced, ...added]))) {
        return -size;
      }
    }
    return -(missing.length + 1);
  }
  for (let size = 1; size <= synced.length; size += 1) {
    const breaks = someSubset(synced, size, (stopped) => {
      const gone = new Set(stopped);
      return !isQuorum(
        config,
        synced.filter((id) => !gone.has(id)),
      );
    });
    if (breaks) return size - 1;
  }
  return synced.length;
}

function someSubset(
  ids: readonly number[],
  size: number,
  test: (subset: number[]) => boolean,
): boolean {
  if (ids.length > MAX_GROUPED_VOTERS) {
    throw new ZkferryError(
      'Unsupported',
      `${ids.length} voters in groups: zkferry reckons quorums of groups for at most ${MAX_GROUPED_VOTERS}`,
    );
  }
  const chosen: number[] = [];
  const choose = (from: number): boolean => {
    if (chosen.length === size) return test(chosen);
    for (let index = from; index <= ids.length - (size - chosen.length); index += 1) {
      chosen.push(ids[index]!);
      if (choose(index + 1)) return true;
      chosen.pop();
    }
    return false;
  };
  return choose(0);
}
