/** How a capture ends: softly, what came so far sealed; and hard where that takes too long. */

/** Most that sealing what is captured may take once it shall end. */
export const SEAL_WITHIN_MS = 30_000;

/** A signal that is aborted `ms` after another one, with `reason()`. */
export function afterwards(
  first: AbortSignal,
  ms: number,
  reason?: () => Error,
): { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => controller.abort(reason?.()), ms);
  };
  if (first.aborted) begin();
  else first.addEventListener('abort', begin, { once: true });
  return {
    signal: controller.signal,
    cancel: () => {
      clearTimeout(timer);
      first.removeEventListener('abort', begin);
    },
  };
}
