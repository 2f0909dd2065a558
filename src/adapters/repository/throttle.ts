/** Bytes no faster than so many a second, so that a base leaves disk and network to others. */
import { pause } from '../pause';

/** The chunks as they are; no longer held back once `signal` is aborted. */
export async function* throttled(
  chunks: AsyncIterable<Buffer>,
  bytesPerSecond: number,
  signal: AbortSignal = new AbortController().signal,
  nowMs: () => number = () => performance.now(),
): AsyncGenerator<Buffer> {
  const began = nowMs();
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    for (;;) {
      const aheadMs = (bytes * 1_000) / bytesPerSecond - (nowMs() - began);
      if (aheadMs <= 0 || signal.aborted) break;
      await pause(Math.ceil(aheadMs), signal);
    }
  }
}
