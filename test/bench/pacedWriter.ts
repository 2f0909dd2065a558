/** Writes of one session at a pace, or as fast as they go, and when each was sent and acknowledged. */
import { randomBytes } from 'node:crypto';
import { encodeWrite } from '../../src/codec/clientRequests';
import type { RawClient } from '../support/rawClient';
import { machineMs } from './clock';
import { DATA_BYTES, PARENT_NODES, partOf } from './sampleTree';

const MOST_IN_FLIGHT = 500;
/** Bytes that no compression makes small: each write's data are others, for 4,096 writes. */
const pool = randomBytes(4_096 * DATA_BYTES);

const dataOf = (index: number): Buffer => {
  const start = (index * DATA_BYTES) % pool.length;
  return pool.subarray(start, start + DATA_BYTES);
};

export interface Written {
  zxids: bigint[];
  /** By `machineMs`, as `ackedAt`. */
  sentAt: number[];
  ackedAt: number[];
  perSecond: number;
}

/**
 * Sets the data of one node after the other, of the first parent of the sample tree below `root`: `rate` a second, or as
 * fast as it goes.
 */
export async function write(
  client: RawClient,
  root: string,
  { seconds, rate = Infinity }: { seconds: number; rate?: number },
): Promise<Written> {
  const written: Written = { zxids: [], sentAt: [], ackedAt: [], perSecond: 0 };
  const startedAt = machineMs();
  const endsAt = startedAt + seconds * 1000;
  let sent = 0;
  let inFlight = 0;
  await new Promise<void>((resolve, reject) => {
    const one = async (): Promise<void> => {
      const path = `${partOf(root, 0)}/parent-0/node-${sent % PARENT_NODES}`;
      const data = dataOf(sent);
      sent += 1;
      inFlight += 1;
      const sentAt = machineMs();
      const { zxid } = await client.exchange('a write', (xid) =>
        encodeWrite(xid, { kind: 'setData', path, data }),
      );
      written.zxids.push(zxid);
      written.sentAt.push(sentAt);
      written.ackedAt.push(machineMs());
      inFlight -= 1;
      if (rate === Infinity) fill();
      else if (inFlight === 0 && machineMs() >= endsAt) resolve();
    };
    const fill = (): void => {
      const now = machineMs();
      if (now >= endsAt) {
        clearInterval(timer);
        if (inFlight === 0) resolve();
        return;
      }
      const due = ((now - startedAt) / 1000) * rate;
      while (sent < due && inFlight < MOST_IN_FLIGHT) one().catch(reject);
    };
    const timer = setInterval(fill, 1);
    fill();
  });
  written.perSecond = (sent / (machineMs() - startedAt)) * 1000;
  return written;
}
