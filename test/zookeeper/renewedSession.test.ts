/** A session that outlives its own expiry. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { openRenewedSession } from '../../src/adapters/zookeeper/renewedSession';
import { openSession } from '../../src/adapters/zookeeper/session';
import { createLab, type Lab } from '../../src/lab/lab';
import type { ZkSession } from '../../src/model/ports';
import { until } from '../support/until';

const LAB_MS = 60_000;

describe('a renewed session', () => {
  const sockets = new Set<Socket>();
  let isCut = false;
  let lab: Lab;
  let forwarder: Server;
  let direct: ZkSession;

  beforeAll(async () => {
    lab = await createLab({
      ...{ name: 'renewed', version: '3.9.6', servers: 1 },
      settings: { tickTime: '500' },
    });
    await lab.start();
    const { host, clientPort } = lab.members[0]!;
    direct = await openSession({ servers: [{ host, clientPort }] });
    forwarder = createServer((client) => {
      const server = connect(clientPort, host);
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => [client, server].forEach((one) => one.destroy()));
      }
      if (isCut) client.destroy();
    });
    await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve));
  }, LAB_MS);

  afterAll(async () => {
    forwarder?.close();
    for (const socket of sockets) socket.destroy();
    await direct?.close();
    await lab?.destroy();
  }, LAB_MS);

  it('carries out what is asked of it after it has expired, by another one', async () => {
    const { port } = forwarder.address() as AddressInfo;
    const servers = [{ host: '127.0.0.1', clientPort: port }];
    const session = await openRenewedSession({ servers, sessionTimeoutMs: 1_000 });
    const { sessionId } = session;
    await session.create('/held', Buffer.alloc(0), { ephemeral: true });
    isCut = true;
    for (const socket of sockets) socket.destroy();
    await until(
      'the session to expire',
      async () => ((await direct.exists('/held')) === null ? true : undefined),
      20_000,
    );
    isCut = false;
    const repeated = async () => {
      for (const path of ['/one', '/two']) await session.create(path, Buffer.alloc(0));
      return session.children('/');
    };
    await expect(repeated()).resolves.toEqual(expect.arrayContaining(['one', 'two']));
    expect(session.sessionId).not.toBe(sessionId);
    await session.close();
  }, 40_000);
});
