import { nowMs, type OwnStallRecord } from './journalRecords';

const TICK_MS = 20;
const WORTH_SAYING_MS = 50;

/** Reports every stretch in which this process did not get to run, until the returned function is called. */
export function watchOwnStalls(report: (record: OwnStallRecord) => void): () => void {
  let last = nowMs();
  const timer = setInterval(() => {
    const at = nowMs();
    const ms = Math.round(at - last - TICK_MS);
    if (ms >= WORTH_SAYING_MS) report({ t: 'ownStall', at: last, ms });
    last = at;
  }, TICK_MS);
  return () => clearInterval(timer);
}
