/** Multis over one socket, as fast as they are answered: how trees are filled, and the limit of what can be. */
import { decodeMulti } from '../../src/codec/clientRequests';
import type { ServerAddress } from '../../src/adapters/zookeeper/fourLetterClient';
import { RawClient } from '../support/rawClient';

export const IN_FLIGHT = 8;
/** In a frame, behind its length. */
const XID_AT = 4;

/**
 * Sends frames of `multisOf`, at most `IN_FLIGHT` unanswered. Milliseconds from the first byte sent to the
 * last answer; rejects where a multi was not done.
 */
export async function pump(address: ServerAddress, frames: Iterable<Buffer>): Promise<number> {
  const client = await RawClient.open(address);
  const iterator = frames[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      const frame = next.value;
      const reply = await client.ask('a multi', (xid) => {
        frame.writeInt32BE(xid, XID_AT);
        return frame;
      });
      refuseFailure(reply);
    }
  };
  try {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return performance.now() - startedAt;
  } finally {
    client.drop();
  }
}

/** All results of a multi that failed are errors, so the first type, which comes first, says it. */
function refuseFailure(reply: Buffer): void {
  if (reply.readInt32BE(0) !== -1) return;
  const codes = decodeMulti(reply).map((result) => (result.kind === 'error' ? result.code : 0));
  throw new Error(`a multi failed; the codes of its operations: ${[...new Set(codes)].join(', ')}`);
}
