/** What zxids tell of why transactions are missing. */
import { epochOf } from '../../codec/quorum/packet';

/** For the end of a reason. A restored ensemble begins a higher epoch, and its election another: one alone is any election. */
export function epochsBetween(after: bigint, upTo: bigint): string {
  const [from, to] = [epochOf(after), epochOf(upTo)];
  if (to - from < 2n) return '';
  return `, and the ensemble has gone from epoch 0x${from.toString(16)} to 0x${to.toString(16)}, as by elections or by being restored`;
}
