/** A clock that all processes of a machine share, and nobody sets. */
const READINGS = 50;
const aheadMs = ahead();

/** Both clocks are read again and again: between two readings the process may have had to wait for its turn. */
function ahead(): number {
  let best = { tookMs: Infinity, aheadMs: 0 };
  for (let reading = 0; reading < READINGS; reading += 1) {
    const before = performance.now();
    const shared = Number(process.hrtime.bigint()) / 1e6;
    const tookMs = performance.now() - before;
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: shared - before - tookMs / 2 };
  }
  return best.aheadMs;
}

/** Milliseconds, of no particular beginning. */
export const machineMs = (): number => performance.now() + aheadMs;

/** The same moment, of one given as milliseconds since 1970 by this process's `performance`. */
export const machineMsOf = (sinceEpochMs: number): number =>
  sinceEpochMs - performance.timeOrigin + aheadMs;
