/** A tunnel's connections and the streams behind them end together, whichever is there first. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { loopbackTunnel, type LoopbackTunnel } from '../../../src/adapters/restore/loopbackTunnel';
import { until } from '../../support/until';

let tunnel: LoopbackTunnel;
afterEach(() => tunnel.close());

async function client(): Promise<Socket> {
  const socket = connect(tunnel.clientPort, tunnel.host).on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test('what comes out is what the stream gives, and both end with either', async () => {
  const streams: Duplex[] = [];
  tunnel = await loopbackTunnel(() => {
    streams.push(new PassThrough());
    return Promise.resolve(streams.at(-1)!);
  });
  const socket = await client();
  socket.write('there and back');
  expect(String((await once(socket, 'data'))[0])).toBe('there and back');
  socket.destroy();
  await until('the end of the stream', () => streams[0]!.destroyed, 5_000);
  const other = await client();
  await until('a stream of its own', () => streams.length === 2, 5_000);
  streams[1]!.destroy();
  await once(other, 'close');
});

test('a stream that comes after its connection has gone is closed, and who waits for one is told', async () => {
  let give!: (stream: Duplex) => void;
  let asked: AbortSignal | undefined;
  tunnel = await loopbackTunnel((signal) => {
    asked = signal;
    return new Promise((resolve) => (give = resolve));
  });
  const socket = await client();
  await until('the stream to be asked for', () => asked !== undefined, 5_000);
  // Without an end that would be passed on.
  socket.resetAndDestroy();
  await until('the end of the connection', () => asked!.aborted, 5_000);
  const late = new PassThrough();
  give(late);
  await until('the end of the stream', () => late.destroyed, 5_000);
});
