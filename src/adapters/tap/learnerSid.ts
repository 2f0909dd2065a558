import { randomInt } from 'node:crypto';

/** "zk" and sixteen zero bits: far above the ids of servers (1–255), and recognisable in a leader's log. */
const BASE = 0x7a6b_0000;
const RANGE = 256;

/**
 * One for the life of the process: leaders of 3.6+ keep figures by learner id for ever, so it must not be
 * a new one at each reconnect. Two taps with the same id do not disturb each other.
 */
const own = BASE + randomInt(RANGE);

/** A server id that none of `memberIds` is. */
export function learnerSid(memberIds: readonly number[]): bigint {
  let sid = own;
  while (memberIds.includes(sid)) sid += 1;
  return BigInt(sid);
}
