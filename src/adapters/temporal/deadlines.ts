/** Most that is waited for an answer. */

export const CALL_DEADLINE_MS = 10_000;
/** Of a worker, where one may be away. */
export const ASK_DEADLINE_MS = 2_000;
