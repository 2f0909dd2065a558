/** A copy into the tree it reads is refused, by whatever names its two ends go. */
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { ZkSession } from '../../src/model/ports';
import { CopyFixture } from '../support/copyFixture';
import { ZkferryCommand } from '../support/command';

const LAB_MS = 120_000;

describe('two lists of addresses of one ensemble', () => {
  let fixture: CopyFixture;
  let session: ZkSession;
  let forwarder: Server;
  let other: string;

  beforeAll(async () => {
    fixture = await CopyFixture.start(
      { name: 'same-three', version: '3.9.6', servers: 3 },
      { name: 'same-alone', version: '3.9.6', servers: 1 },
    );
    session = await fixture.session(fixture.source);
    await session.create('/app', Buffer.alloc(0));
    await session.create('/app/node', Buffer.alloc(0));
    const [first] = fixture.source.members;
    forwarder = createServer((client) => {
      const server = connect(first!.clientPort, first!.host);
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) socket.on('error', () => client.destroy());
    });
    await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve));
    other = `127.0.0.1:${(forwarder.address() as AddressInfo).port}`;
  }, LAB_MS);

  afterAll(async () => {
    forwarder?.close();
    await fixture?.destroy();
  }, LAB_MS);

  const copy = (from: string, to: string, ...options: string[]) =>
    new ZkferryCommand(['copy', from, to, '--json', ...options], {
      ZKFERRY_STATE: fixture.directory,
    }).ended;

  const byClient = ['--read-by', 'client'];
  const [first, second] = [0, 1].map((at) => () => {
    const { host, clientPort } = fixture.source.members[at]!;
    return `${host}:${clientPort}`;
  }) as [() => string, () => string];

  it.each([
    ['another name, read by the tap', () => fixture.source.connectString, () => other, []],
    ['another name, node by node', () => other, () => fixture.source.connectString, byClient],
    ['other members of it', first, second, byClient],
  ])('%s: refused', async (_, from, to, options) => {
    const before = await session.exists('/app');
    const { code, document } = await copy(`${from()}/app`, `${to()}/app/below`, ...options);
    expect({ code, document }).toMatchObject({
      code: 2,
      document: { error: { type: 'BadUsage' } },
    });
    expect((document as { error: { message: string } }).error.message).toMatch(
      /are the same ensemble \(a session opened at the one is known at the other\), and one lies within the other: choose a target path outside \/app/,
    );
    expect(await session.exists('/app')).toEqual(before);
  });

  it('paths apart, and another ensemble: not refused', async () => {
    for (const to of [`${other}/apart`, `${fixture.target.connectString}/app`])
      expect(await copy(`${fixture.source.connectString}/app`, to)).toMatchObject({ code: 0 });
  });
});
