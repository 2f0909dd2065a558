/** One process at a time on a directory: whoever holds it listens on a socket there, which ends with the process however that ends. */
import { mkdir, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { ZkferryError } from '../model/errors';

const ASK_MS = 2_000;

/** @throws BadUsage where another process has it @returns lets go of it */
export async function lockState(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lock');
  for (let again = false; ; again = true) {
    const server = createServer((socket) => socket.end());
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(path, () => resolve(undefined));
    });
    if (failure === undefined) {
      server.unref();
      return () => new Promise((resolve) => server.close(() => resolve()));
    }
    if (failure.code !== 'EADDRINUSE') throw failure;
    if (again || (await answers(path)))
      throw new ZkferryError(
        'BadUsage',
        `another zkferry server has the state directory ${directory}: end it, or give this one a directory of its own`,
      );
    await unlink(path);
  }
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const settle = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(ASK_MS, settle(true));
    socket.once('connect', settle(true)).once('error', settle(false));
  });
