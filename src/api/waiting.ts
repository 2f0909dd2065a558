/** What the server says while it waits for Temporal: a line in its log, and an answer to whoever asks how it is. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { PROBLEM_TYPE, problemOf } from './problems';
import { ZkferryError } from '../model/errors';

/** Where Temporal is there nobody hears of it. */
const SAY_AFTER_MS = 1_500;
const CUT_AFTER_MS = 5_000;

export interface WaitingOptions {
  host: string;
  /** 0: any, so that nobody could know which; then only the log tells. */
  port: number;
  tls?: { cert: string; key: string };
  version: string;
  /** Told once, in time for whoever looks. */
  say: () => void;
}

/**
 * Until `work` is done `/healthz` answers `waitsFor: temporal`, and all else 503, where somebody who waits longer than a moment asks.
 * @throws what `work` throws
 */
export async function whileWaiting<T>(
  { host, port, tls, version, say }: WaitingOptions,
  work: () => Promise<T>,
): Promise<T> {
  const answer: RequestListener = (request, response) => {
    const isHealth = request.url?.split('?')[0] === '/healthz';
    const notYet = new ZkferryError(
      'TemporalUnavailable',
      "the server waits for Temporal, and begins once it answers; the server's log says where it is looked for",
    );
    const [status, type, body] = isHealth
      ? [200, 'application/json', { ok: true, version, waitsFor: 'temporal' }]
      : [503, PROBLEM_TYPE, problemOf(notYet)];
    response.writeHead(status, { 'content-type': type, 'retry-after': '2', connection: 'close' });
    response.end(JSON.stringify(body));
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.requestTimeout = CUT_AFTER_MS;
  server.headersTimeout = CUT_AFTER_MS;
  let opened: Promise<void> | undefined;
  const timer = setTimeout(() => {
    say();
    if (port === 0) return;
    opened = new Promise((resolve) => {
      // Where somebody else has the port, that is told when the server itself listens.
      server.once('listening', resolve).on('error', () => resolve());
      server.listen({ host, port });
    });
  }, SAY_AFTER_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    await opened;
    if (server.listening) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  }
}
