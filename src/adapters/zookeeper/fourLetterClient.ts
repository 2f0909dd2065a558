/** Asks one server one four-letter word over TCP. */
import { connect } from 'node:net';
import { MAX_REPLY_BYTES, type FourLetterWord } from '../../codec/fourLetterWord';
import { hostPort } from '../../model/hostPort';

export interface ServerAddress {
  host: string;
  clientPort: number;
  /** Local ports that sessions come from; any without it. */
  localPorts?: Readonly<{ from: number; to: number }>;
}

export type WordResult =
  | { kind: 'reply'; text: string; truncated: boolean }
  /** Nothing listens there. */
  | { kind: 'refused'; detail: string }
  /** No connection, or no complete answer, within the deadline. */
  | { kind: 'unreachable'; detail: string }
  /** The connection broke before the answer was complete. */
  | { kind: 'broken'; detail: string };

/**
 * Never rejects but for an aborted `signal` (with its reason). `timeoutMs` covers connecting and reading.
 * A reply longer than the word's bound is cut there and marked.
 */
export function askWord(
  address: ServerAddress,
  word: FourLetterWord,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<WordResult> {
  const where = hostPort(address.host, address.clientPort);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const chunks: Buffer[] = [];
    let bytes = 0;
    let connected = false;
    const socket = connect({ host: address.host, port: address.clientPort });
    const text = (): string => Buffer.concat(chunks).toString('utf8');

    const settle = (result: WordResult): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(abortReason(signal!));
    };
    const timer = setTimeout(() => {
      const detail = connected
        ? `${where} accepts connections but did not answer "${word}" within ${timeoutMs} ms`
        : `no connection to ${where} within ${timeoutMs} ms`;
      settle({ kind: 'unreachable', detail });
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    socket.on('connect', () => {
      connected = true;
      socket.write(word);
    });
    socket.on('data', (chunk: Buffer) => {
      const room = MAX_REPLY_BYTES[word] - bytes;
      chunks.push(chunk.subarray(0, room));
      bytes += Math.min(room, chunk.length);
      if (chunk.length >= room) settle({ kind: 'reply', text: text(), truncated: true });
    });
    socket.on('end', () => settle({ kind: 'reply', text: text(), truncated: false }));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      if (connected) {
        // Some servers reset the connection right after a complete answer.
        if (bytes > 0) settle({ kind: 'reply', text: text(), truncated: false });
        else settle({ kind: 'broken', detail: `${where} broke the connection (${code})` });
      } else if (code === 'ECONNREFUSED') {
        settle({ kind: 'refused', detail: `nothing listens on ${where} (${code})` });
      } else {
        settle({ kind: 'unreachable', detail: `no connection to ${where} (${code})` });
      }
    });
  });
}

const abortReason = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : (signal.reason as Error);
