/**
 * Which member's history holds every acknowledged write, once all servers are stopped.
 *
 *   1. count    only voters whose logs could be read, and that have data: one whose disk is empty has forgotten what it
 *               acknowledged, though ZooKeeper would let it vote
 *   2. quorum   a write is acknowledged once a quorum has logged it, and any two quorums share a voter
 *   3. elect    the highest (epoch, zxid) of them, as FastLeaderElection.totalOrderPredicate compares votes, the higher
 *               id among equals: its history goes on from that of every epoch that a quorum has followed
 */
import { ZkferryError } from '../../model/errors';
import { isQuorum, quorumSize, type QuorumMember } from '../quorum';
import { lastOf, type MemberLog, type SilentMember } from './memberLog';

/** @throws ZkferryError TailNotProven naming who is missing */
export function electedAmong(
  config: readonly QuorumMember[],
  logs: readonly MemberLog[],
  silent: readonly SilentMember[],
): MemberLog {
  const voters = votersAmong(config, logs);
  const told = voters.filter((log) => log.runs.length > 0 || log.snapshots.length > 0);
  const [first, ...others] = told;
  if (
    first === undefined ||
    !isQuorum(
      config,
      told.map(({ id }) => id),
    )
  )
    throw noQuorum(config, told, [
      ...silent,
      ...voters.filter((log) => !told.includes(log)).map(withoutData),
    ]);
  return others.reduce((best, log) => (isAhead(log, best) ? log : best), first);
}

export const votersAmong = (
  config: readonly QuorumMember[],
  logs: readonly MemberLog[],
): MemberLog[] =>
  logs.filter((log) => config.some(({ id, role }) => id === log.id && role === 'participant'));

function isAhead(one: MemberLog, than: MemberLog): boolean {
  if (one.epoch !== than.epoch) return one.epoch > than.epoch;
  const [zxid, other] = [lastOf(one), lastOf(than)];
  return zxid === other ? one.id > than.id : zxid > other;
}

const withoutData = ({ server, id }: MemberLog): SilentMember => ({
  ...{ server, id },
  reason: 'has no data, and has forgotten what it acknowledged',
});

function noQuorum(
  config: readonly QuorumMember[],
  told: readonly MemberLog[],
  silent: readonly SilentMember[],
): ZkferryError {
  const missing = config
    .filter(({ id, role }) => role === 'participant' && !told.some((log) => log.id === id))
    .map(({ id }) => {
      const { server, reason } = silent.find((one) => one.id === id) ?? {
        ...{ server: `server.${id}`, reason: 'is not in the inventory' },
      };
      return `${server} ${reason}`;
    });
  return new ZkferryError(
    'TailNotProven',
    `the logs of ${told.map(({ server }) => server).join(', ') || 'no voter'} can be read, and no write is known to be the last before those of a quorum (${quorumSize(config)} voters) can: ${missing.join('; ')}; make them readable, or start the ensemble again`,
  );
}
