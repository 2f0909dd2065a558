/** Reading an answer of a dialogue off a socket, before the stream proper begins. */
import type { Socket } from 'node:net';

const MAX_ANSWER_BYTES = 256 * 1024;

export type Received<T> =
  { kind: 'value'; value: T } | { kind: 'closed'; code?: string } | { kind: 'late' };

/**
 * Hands all bytes that came so far to `parse` until it gives a value and how many of them it took; the
 * others go back to the socket, which is paused then. What `parse` throws rejects, as does an aborted
 * `signal`, with its reason.
 */
export function receive<T>(
  socket: Socket,
  parse: (bytes: Buffer) => { value: T; length: number } | undefined,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<Received<T>> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.pause();
      socket.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const end = (received: Received<T>): void => finish(() => resolve(received));
    const onAbort = (): void => finish(() => reject(reasonOf(signal!)));
    const onClose = (): void => end({ kind: 'closed' });
    const onError = (error: NodeJS.ErrnoException): void =>
      end({ kind: 'closed', code: error.code ?? error.message });
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        const parsed = parse(bytes);
        if (parsed !== undefined) {
          finish(() => {
            const rest = bytes.subarray(parsed.length);
            if (rest.length > 0) socket.unshift(rest);
            resolve({ kind: 'value', value: parsed.value });
          });
        } else if (bytes.length > MAX_ANSWER_BYTES) end({ kind: 'closed', code: 'EMSGSIZE' });
      } catch (error) {
        const failure = error as Error;
        finish(() => reject(failure));
      }
    };
    const timer = setTimeout(() => end({ kind: 'late' }), timeoutMs);
    if (signal?.aborted) return onAbort();
    if (socket.destroyed || socket.readableEnded) return onClose();
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData).on('error', onError).on('close', onClose).on('end', onClose);
    socket.resume();
  });
}

export const reasonOf = (signal: AbortSignal): Error => signal.reason as Error;
