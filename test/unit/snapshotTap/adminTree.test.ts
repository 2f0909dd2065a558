/** What an AdminServer may answer, and what becomes of it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminTree } from '../../../src/adapters/snapshotTap/adminTree';
import { readSnapshotFile } from '../../../src/adapters/source/snapshotFile';
import { SnapshotWriter } from '../../../src/codec/snapshot';
import type { ServerProbe } from '../../../src/model/ports';
import { DataTree } from '../../../src/tree/dataTree';

let directory: string;
let admin: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  admin = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
});
afterAll(() => admin.close());
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-admin-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** As 3.9 writes it, with what it puts behind the tree. */
function snapshot(): Buffer {
  const tree = DataTree.empty(true);
  const writer = new SnapshotWriter();
  const trailer = { digest: { zxid: 5n, version: 2, digest: tree.digest }, lastZxid: 5n };
  return Buffer.concat([
    writer.head(tree.tables()),
    writer.nodes([...tree.nodes()]),
    writer.end(trailer),
  ]);
}

const gives = (zxid: string, body = snapshot()) => {
  answer = (_request, response) => {
    response.writeHead(200, { last_zxid: zxid, 'content-type': 'application/octet-stream' });
    response.end(body);
  };
};
const says = (status: number, error: string) => {
  answer = (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ command: 'snapshot', error }));
  };
};

const serving = (zxid: string, role: ServerProbe['role'] = 'leader'): ServerProbe => ({
  ...{ state: 'serving', role, zxid, version: '3.9.6' },
});

function take(probes: ServerProbe[] = [serving('0x5')], from?: bigint) {
  const { port } = admin.address() as AddressInfo;
  // All are the one server here; the client port tells which one was meant.
  const servers = probes.map((_, at) => ({ host: '127.0.0.1', clientPort: at }));
  return adminTree({
    ...{ servers, port, credential: () => Promise.resolve('ann:secret') },
    probe: ({ clientPort }) => Promise.resolve(probes[clientPort]!),
  })({
    ...{ directory, signal: new AbortController().signal },
    ...(from !== undefined && { from }),
  });
}

test('a whole snapshot is kept without what only newer releases read, and asked for with the credential', async () => {
  let asked: IncomingMessage | undefined;
  gives('0x5');
  const give = answer;
  answer = (request, response) => give((asked = request), response);
  const taken = await take();
  expect(asked).toMatchObject({
    url: '/commands/snapshot?streaming=true',
    headers: { authorization: 'digest ann:secret' },
  });
  expect(taken).toMatchObject({ zxid: 5n, server: { version: '3.9.6' } });
  expect(taken.readFrom).toBeUndefined();
  expect(taken.bytes).toBeLessThan(snapshot().length);
  for await (const { nodes } of readSnapshotFile(taken.file))
    expect(nodes.length).toBeGreaterThan(2);
});

test('where the server went on meanwhile the tree is between the two zxids', async () => {
  gives('0x5');
  expect(await take([serving('0x8')])).toMatchObject({ zxid: 8n, readFrom: 5n });
});

test('half a snapshot leaves nothing', async () => {
  gives('0x5', snapshot().subarray(0, 100));
  await expect(take()).rejects.toMatchObject({ type: 'BackupInvalid' });
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  [401, 'Not authenticated', 'ZooKeeperAuthFailed', false],
  [403, 'Not authorized', 'ZooKeeperAuthFailed', false],
  [429, '', 'ZooKeeperUnavailable', true],
  [500, '', 'ZooKeeperUnavailable', true],
  [503, '', 'Unsupported', false],
  [200, 'Unknown command: snapshot', 'Unsupported', false],
  [200, 'This ZooKeeper instance is not currently serving requests', 'ZooKeeperUnavailable', true],
])('%i %s is %s', async (status, error, type, retryable) => {
  says(status, error);
  const failure = take();
  await expect(failure).rejects.toMatchObject({ type, retryable });
  await expect(failure).rejects.toThrow(error === '' ? String(status) : error);
});

test('a server that lags is not taken for an ensemble that was put back: only a leader tells', async () => {
  gives('0x5');
  await expect(take([serving('0x5', 'follower')], 7n)).rejects.toMatchObject({ retryable: true });
  expect(await take([serving('0x5', 'follower'), serving('0x5')], 7n)).toMatchObject({ zxid: 5n });
  gives('0x7');
  const probes = [serving('0x5', 'follower'), serving('0x7', 'leader')];
  expect(await take(probes, 7n)).toMatchObject({ zxid: 7n, server: { clientPort: 1 } });
});
