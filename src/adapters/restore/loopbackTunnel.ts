/** A port on this machine's loopback whose connections go elsewhere: for clients that take addresses only. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface LoopbackTunnel {
  host: string;
  clientPort: number;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** `openStream`: once for each connection, whose end aborts it; where it fails the connection ends. */
export async function loopbackTunnel(
  openStream: (signal: AbortSignal) => Promise<Duplex>,
): Promise<LoopbackTunnel> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const gone = new AbortController();
    socket.once('close', () => {
      sockets.delete(socket);
      gone.abort();
    });
    openStream(gone.signal).then(
      (stream) => {
        // Its end came before: nobody would ever close the stream.
        if (socket.destroyed) return void stream.destroy();
        stream.on('error', () => socket.destroy());
        stream.once('close', () => socket.destroy());
        socket.once('close', () => stream.destroy());
        socket.pipe(stream).pipe(socket);
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    host: HOST,
    clientPort: port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
