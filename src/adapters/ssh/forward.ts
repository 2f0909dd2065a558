import type { Duplex } from 'node:stream';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import type { SshAccess, SshPool } from './pool';

/**
 * A stream to `host:port` as seen from the remote host (its own loopback, mostly). The channel counts
 * against the connection's bound until the stream closes. SshUnreachable (retryable) where nothing
 * listens there or the connection is gone.
 */
export async function forward(
  pool: SshPool,
  access: SshAccess,
  destination: { host: string; port: number },
  signal: AbortSignal,
): Promise<Duplex> {
  const lease = await pool.lease(access, signal);
  try {
    const stream = await new Promise<Duplex>((resolve, reject) => {
      const { client } = lease.connection;
      client.forwardOut('127.0.0.1', 0, destination.host, destination.port, (error, channel) => {
        if (!error) return resolve(channel);
        reject(
          new ZkferryError(
            'SshUnreachable',
            `${access.host} could not connect to ${hostPort(destination.host, destination.port)}: ${error.message}`,
            { retryable: true, cause: error },
          ),
        );
      });
    });
    stream.once('close', () => lease.release());
    return stream;
  } catch (error) {
    lease.release();
    throw error;
  }
}
