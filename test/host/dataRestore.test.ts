/** Data of a real server go out of the way, others come in their place, and back; and are proven before. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  createWriteStream,
} from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ScratchServer } from '../../src/model/hostData';
import type { ZkSession } from '../../src/model/ports';
import { startRealServer, zookeeper, type RealServer } from './realServer';
import { context, rejection } from './sshd';

let real: RealServer;
beforeAll(async () => void (real = await startRealServer('127.71.23.1')));
afterAll(() => real?.close());

const host = () => real.host.adapter;
const readPid = (home: string): string => readFileSync(join(home, 'pid'), 'utf8');

const asked = async <T>(ask: (session: ZkSession) => Promise<T>): Promise<T> => {
  const session = await zookeeper.openSession({ servers: [real.address] });
  try {
    return await ask(session);
  } finally {
    await session.close();
  }
};

const nodes = (): Promise<string[]> =>
  asked(async (session) => (await session.children('/')).filter((name) => name !== 'zookeeper'));

/** The stopped server's files, brought here as a worker would. */
async function shipped(): Promise<string> {
  const directory = mkdtempSync(join(real.host.directory, 'shipped-'));
  const { files } = await real.host.adapter.listDataFiles(real.server, context());
  for (const { name, directory: from, bytes } of files) {
    const range = { directory: from, maxBytes: bytes };
    const stream = await real.host.adapter.readDataFile(real.server, name, range, context());
    await pipeline(stream, createWriteStream(join(directory, name)));
  }
  return directory;
}

/** Sessions to the scratch server: what a client connects to here goes through SSH there. */
async function through<T>(
  scratch: ScratchServer,
  ask: (session: ZkSession) => Promise<T>,
): Promise<T> {
  const bridge: Server = createServer((socket) => {
    scratch.openStream().then(
      (stream) => void pipeline(socket, stream, socket).catch(() => undefined),
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve) => bridge.listen(0, '127.0.0.1', resolve));
  const { port } = bridge.address() as AddressInfo;
  const session = await zookeeper.openSession({
    servers: [{ host: '127.0.0.1', clientPort: port }],
    auth: [scratch.auth],
  });
  try {
    return await ask(session);
  } finally {
    await session.close();
    bridge.close();
  }
}

const leftOnHost = (): string[] => {
  const backup = join(real.homeOf('zk1'), 'backup', 'orders');
  return existsSync(backup) ? readdirSync(backup) : [];
};

test('a real server serves the data that were placed, and its own again once they are back', async () => {
  const { host, server, next } = real;
  await asked((session) => session.create('/first', Buffer.from('1')));
  await real.stop();
  const directory = await shipped();
  await real.start();
  await asked((session) => session.create('/second', Buffer.from('2')));
  expect(
    await rejection(host.adapter.setAsideData(server, 'restore', next(), context())),
  ).toMatchObject({
    type: 'GuardRefused',
  });
  await real.stop();

  await host.adapter.setAsideData(server, 'restore', next(), context());
  const placed = await host.adapter.placeData(server, directory, next(), context());
  expect(placed.directories).toEqual(
    ['data', 'log'].map((dir) => join(real.homeOf('zk1'), dir, 'version-2')),
  );
  await real.start();
  expect(await nodes()).toEqual(['first']);
  await asked((session) => session.create('/third', Buffer.from('3')));
  await real.stop();

  const { failed } = await host.adapter.bringBackData(server, 'restore', next(), context());
  expect(failed).toHaveLength(2);
  await real.start();
  expect((await nodes()).sort()).toEqual(['first', 'second']);
  expect(readdirSync(failed[1]!).some((name) => name.startsWith('log.'))).toBe(true);
}, 120_000);

test('data that are sent serve every node while they are looked at, past ACLs and with their sessions, and then are gone', async () => {
  const { host, server, next } = real;
  const holder = await zookeeper.openSession({ servers: [real.address], sessionTimeoutMs: 4_000 });
  await holder.create('/secret', Buffer.from('hidden'), {
    acl: [{ perms: 31, scheme: 'digest', id: 'bob:AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
  });
  await holder.create('/held', Buffer.alloc(0), { ephemeral: true });
  await real.stop();
  await holder.close().catch(() => undefined);
  const directory = await shipped();
  const proof = await host.adapter.proveData(
    server,
    directory,
    (scratch) =>
      through(scratch, async (session) => {
        const { data } = await session.get('/secret');
        // Its session would have expired after 4 s: a proof may take far longer.
        const until = Date.now() + 7_000;
        let held = await session.exists('/held');
        while (held !== null && Date.now() < until) {
          await session.sync('/');
          held = await session.exists('/held');
        }
        return { secret: data?.toString(), held: held !== null, nodes: scratch.nodes };
      }),
    next(),
    context(),
  );
  expect(proof.inspected).toEqual({ secret: 'hidden', held: true, nodes: proof.nodes });
  expect(BigInt(proof.zxid)).toBeGreaterThan(0n);
  expect(leftOnHost()).toEqual([]);
}, 120_000);

test('what the look at it rejects with comes through, and nothing is left', async () => {
  const directory = await shipped();
  const seen = host().proveData(
    real.server,
    directory,
    () => {
      expect(leftOnHost().sort()).toHaveLength(2);
      return Promise.reject(new Error('the trees differ'));
    },
    real.next(),
    context(),
  );
  await expect(seen).rejects.toThrow('the trees differ');
  expect(leftOnHost()).toEqual([]);
}, 60_000);

test('a proof ends with its scratch server, whatever its look still waits for', async () => {
  const directory = await shipped();
  const home = join(real.homeOf('zk1'), 'backup', 'orders', '.scratch-zk1');
  const proving = rejection(
    host().proveData(
      real.server,
      directory,
      () => {
        process.kill(Number(readPid(home)), 'SIGKILL');
        return new Promise<never>(() => undefined);
      },
      real.next(),
      context(),
    ),
  );
  const error = await proving;
  expect(error).toMatchObject({ type: 'BackupInvalid', retryable: true });
  expect(error.message).toContain('ended by itself');
  expect(leftOnHost()).toEqual([]);
}, 60_000);

test('data that no server can read are refused before anybody looks', async () => {
  const directory = mkdtempSync(join(real.host.directory, 'broken-'));
  writeFileSync(join(directory, 'snapshot.100000001'), 'no snapshot at all');
  let looked = false;
  const look = (): Promise<void> => {
    looked = true;
    return Promise.resolve();
  };
  const error = await rejection(
    host().proveData(real.server, directory, look, real.next(), context()),
  );
  expect(error).toMatchObject({ type: 'BackupInvalid' });
  expect(looked).toBe(false);
  expect(leftOnHost()).toEqual([]);
}, 60_000);

test('what a killed proof left is cleared by the next; an aborted one leaves nothing', async () => {
  const directory = await shipped();
  const backup = join(real.homeOf('zk1'), 'backup', 'orders');
  mkdirSync(join(backup, '.proof-zk1-0000000100000001-1', 'data'), { recursive: true });
  const abort = new AbortController();
  const look = (): Promise<never> => {
    expect(leftOnHost().filter((name) => name.startsWith('.proof'))).toHaveLength(1);
    abort.abort(new Error('cancelled'));
    return new Promise(() => undefined);
  };
  await expect(
    host().proveData(real.server, directory, look, real.next(), context(abort.signal)),
  ).rejects.toThrow('cancelled');
  expect(leftOnHost()).toEqual([]);
}, 60_000);
