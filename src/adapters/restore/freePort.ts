/** A port of the loopback address that nothing listens on at the moment. */
import { createServer, type AddressInfo } from 'node:net';
import { ZkferryError } from '../../model/errors';

export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ZkferryError('Refused', `no port of ${host} can be had (${error.code}): free one`, {
          cause: error,
        }),
      ),
    );
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
