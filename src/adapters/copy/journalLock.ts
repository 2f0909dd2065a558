/**
 * One process at a time works with a journal. The lock is a socket in Linux' abstract namespace, named for the journal:
 * the kernel gives a name to one holder only, and takes it back however that ends, so no lock is ever left behind. Two
 * that share a state directory but not a machine have the marker only.
 */
import { connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import { ZkferryError } from '../../model/errors';
import { sha256Of } from '../sha256';

/** A holder that is busy answers late; who it is, is told without it then. */
const ASK_MS = 1_000;

/**
 * Takes the lock named for `file` until what it gives is called, or the process ends, however it ends.
 * @throws EnsembleHeld naming the process that has it
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const name = `\0zkferry-copy-${sha256Of(resolve(file))}`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(String(process.pid));
  });
  const isFree = await new Promise<boolean>((settle, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? settle(false) : reject(error),
    );
    server.listen(name, () => settle(true));
  });
  if (!isFree) throw held(await holderOf(name));
  server.unref();
  return () => new Promise((done) => server.close(() => done()));
}

function holderOf(name: string): Promise<string> {
  return new Promise((settle) => {
    let text = '';
    const socket = connect(name);
    const done = (): void => {
      socket.destroy();
      settle(/^\d+$/.test(text) ? `process ${text}` : 'another process');
    };
    socket.setTimeout(ASK_MS, done);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.once('error', done);
    socket.once('end', done);
  });
}

const held = (who: string): ZkferryError =>
  new ZkferryError(
    'EnsembleHeld',
    `${who} is making a copy between the same two: let it end, or stop it first`,
  );
