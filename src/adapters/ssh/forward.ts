import type { Duplex } from 'node:stream';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import type { Lease, SshAccess, SshPool } from './pool';
import { abortReason } from './semaphore';

/** A host that neither opens the stream nor refuses it. */
const OPEN_TIMEOUT_MS = 30_000;

/**
 * A stream to `host:port` as seen from the remote host (its own loopback, mostly). It counts against the bound of
 * streams to that host until it closes. SshUnreachable (retryable) where nothing listens there or the connection is
 * gone. An abort later than the opening leaves the stream as it is.
 */
export async function forward(
  pool: SshPool,
  access: SshAccess,
  destination: { host: string; port: number },
  signal: AbortSignal,
): Promise<Duplex> {
  const lease = await pool.lease(access, signal, 'stream');
  try {
    const stream = await open(lease, access, destination, signal);
    stream.once('close', () => lease.release());
    return readOutOnceDestroyed(stream);
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** ssh2 says that a channel has closed only when all that came before has been read, destroyed or not. */
function readOutOnceDestroyed(stream: Duplex): Duplex {
  const destroy = stream.destroy.bind(stream);
  stream.destroy = (error) => {
    destroy(error);
    return stream.resume();
  };
  return stream;
}

function open(
  { connection }: Lease,
  access: SshAccess,
  destination: { host: string; port: number },
  signal: AbortSignal,
): Promise<Duplex> {
  const failed = (why: string, cause?: Error): ZkferryError =>
    new ZkferryError(
      'SshUnreachable',
      `${access.host} could not connect to ${hostPort(destination.host, destination.port)}: ${why}`,
      { retryable: true, cause },
    );
  return new Promise<Duplex>((resolve, reject) => {
    let given = false;
    const end = (outcome: () => void): void => {
      given = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const onAbort = (): void => end(() => reject(abortReason(signal)));
    const timer = setTimeout(
      () => end(() => reject(failed(`no answer within ${OPEN_TIMEOUT_MS} ms`))),
      OPEN_TIMEOUT_MS,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    const { host, port } = destination;
    connection.client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      if (!given) end(error ? () => reject(failed(error.message, error)) : () => resolve(channel));
      // Nobody waits for it any more.
      else if (!error) readOutOnceDestroyed(channel).destroy();
    });
  });
}
