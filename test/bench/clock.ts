/** A clock that all processes of a machine share, and nobody sets. */
const aheadMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds, of no particular beginning. */
export const machineMs = (): number => performance.now() + aheadMs;

/** The same moment, of one given as milliseconds since 1970 by this process's `performance`. */
export const machineMsOf = (sinceEpochMs: number): number =>
  sinceEpochMs - performance.timeOrigin + aheadMs;
