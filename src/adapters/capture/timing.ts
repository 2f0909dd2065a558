/** Time as a capture counts it. */

/** Milliseconds since 1970, with fractions, never backwards within the process. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
