import type { Outcome } from './journalRecords';

/** Codes of the ZooKeeper client used here (zookeeper.h, enum ZOO_ERRORS). */
export const ZNONODE = -101;
export const ZBADVERSION = -103;
export const ZNODEEXISTS = -110;
export const ZSESSIONEXPIRED = -112;
const ZAPIERROR = -100;
const ZCLOSING = -116;

/**
 * What a reply's code says about a write. Client-side and transport codes (above ZAPIERROR), an
 * expired session and a closed handle leave it open; any other code is the server's refusal.
 */
export function outcomeOf(code: number): Outcome {
  if (code === 0) return 'acked';
  if (code > ZAPIERROR || code === ZSESSIONEXPIRED || code === ZCLOSING) return 'unknown';
  return 'failed';
}
