/** When log objects became durable in a repository's store, whatever writes them. */
import type { ObjectStore } from '../../../src/model/backupPorts';
import { parseLogObjectName } from '../../../src/planning/backup/keys';
import { machineMs } from '../clock';

export interface StoredLog {
  last: bigint;
  /** By `machineMs`. */
  at: number;
}

/** The same store, which tells of each log object that it holds durably. */
export function watched(store: ObjectStore, onStored: (log: StoredLog) => void): ObjectStore {
  const watching = Object.create(store) as ObjectStore;
  watching.put = async (key, body, signal) => {
    await store.put(key, body, signal);
    const log = parseLogObjectName(key.slice(key.lastIndexOf('/') + 1));
    if (log !== undefined) onStored({ last: BigInt(log.last), at: machineMs() });
  };
  return watching;
}

/** When each of the ascending `zxids` was first in one of them; NaN where it was in none. */
export function durableTimes(
  zxids: readonly bigint[],
  stored: readonly StoredLog[],
): Float64Array<ArrayBuffer> {
  let at = 0;
  return Float64Array.from(zxids, (zxid) => {
    while (at < stored.length && stored[at]!.last < zxid) at += 1;
    return stored[at]?.at ?? Number.NaN;
  });
}
