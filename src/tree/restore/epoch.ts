/** Names for trees that must count as newer than all that clients have seen. */
import { epochOf } from '../../codec/quorum/packet';
import { ZkferryError } from '../../model/errors';

/** A zxid is a signed number: beyond this epoch it would be negative. One is left for the leader to come. */
const LAST_EPOCH = 0x7fff_fffen;

/**
 * The first zxid of the epoch after all of these. A server that starts from a snapshot of that name takes back clients
 * which have seen any of them; without it they are refused for as long as it has not caught up.
 *
 * @throws ZkferryError Unsupported where there is no epoch left
 */
export function higherEpoch(...zxids: readonly bigint[]): bigint {
  const epoch = zxids.map(epochOf).reduce((a, b) => (a > b ? a : b), 0n) + 1n;
  if (epoch > LAST_EPOCH)
    throw new ZkferryError(
      'Unsupported',
      `there is no epoch after 0x${(epoch - 1n).toString(16)}: restore without a higher epoch, and restart the clients`,
    );
  return epoch << 32n;
}
