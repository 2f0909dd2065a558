/** How a capture ends: softly, what came so far sealed; and hard where that takes too long. */

/** A signal that is aborted `ms` after another one. */
export function afterwards(
  first: AbortSignal,
  ms: number,
): { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => controller.abort(), ms);
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
