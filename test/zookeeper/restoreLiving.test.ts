/** What clients of before meet after a restore, and a subtree of the past in an ensemble that lives on. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTree } from '../../src/adapters/copy/copyTree';
import type { CopyOptions } from '../../src/adapters/copy/options';
import { diffTrees } from '../../src/adapters/diff/diffTrees';
import {
  compareServed,
  restoreSource,
  startScratchServer,
  treeAt,
  writeDataDirectory,
  type CleanOptions,
  type RestoreInput,
  type ScratchServer,
} from '../../src/adapters/restore';
import { startProvenServer } from '../../src/adapters/restore/serverProgram';
import { ClientSource } from '../../src/adapters/source/clientSource';
import { Connection } from '../../src/adapters/zookeeper/connection';
import { openSession } from '../../src/adapters/zookeeper/session';
import { decodeStat, encodeRead, OPCODE } from '../../src/codec/clientProtocol';
import { encodeWrite } from '../../src/codec/clientRequests';
import { createLab, type Lab } from '../../src/lab/lab';
import { Selection } from '../../src/tree/copy/selection';
import { everyTransactionLab, leaveEveryTransaction } from '../support/everyTransaction';
import { OPEN } from '../support/history';
import { releaseOf, ServerFiles } from '../support/restoreInputs';
import { until } from '../support/until';

const VERSION = '3.9.6';
const LAB_MS = 60_000;
const SESSION_MS = 30_000;
/** A client tries a server again every 50 ms. */
const REFUSED_FOR_MS = 1_500;
const REFUSED_WITHIN_MS = 20_000;
const LET_IN_WITHIN_MS = 10_000;

describe('after a restore', () => {
  let lab: Lab;
  let files: ServerFiles;
  let directory: string;
  let count = 0;
  const running = new Set<ScratchServer>();

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-restore-'));
    lab = await createLab(everyTransactionLab('restore-living', VERSION));
    await leaveEveryTransaction(lab);
    files = ServerFiles.of(lab);
  }, LAB_MS);

  afterEach(async () => {
    for (const server of running) await server.close();
    running.clear();
  });

  afterAll(async () => {
    await lab?.destroy();
    rmSync(directory, { recursive: true, force: true });
  }, LAB_MS);

  const place = () => join(directory, `data-${(count += 1)}`);
  const whole = () => files.from(files.newestBase(files.last), files.last);

  async function serve(dataDirectory: string, port?: number): Promise<ScratchServer> {
    const server = await startScratchServer({
      ...{ dataDirectory, isDisposable: true, releaseDirectory: releaseOf(lab) },
      ...(port !== undefined && { port }),
      directory: join(directory, 'scratch'),
      deadlineMs: 30_000,
    });
    running.add(server);
    return server;
  }

  async function end(server: ScratchServer): Promise<void> {
    running.delete(server);
    await server.close();
  }

  const create = (connection: Connection, path: string) =>
    connection.request(
      { operation: 'create', path, timeoutMs: 5_000 },
      (xid) => encodeWrite(xid, { kind: 'create', path, data: null, acl: OPEN, flags: 1 }),
      () => undefined,
    );
  const exists = (connection: Connection, path: string) =>
    connection.request(
      { operation: 'exists', path, timeoutMs: 5_000 },
      (xid) => encodeRead(xid, OPCODE.exists, path),
      decodeStat,
    );

  /** Rejects where it is let in. A server that has just begun to listen may be slow to answer at first. */
  const refused = (client: Connection): Promise<true> =>
    until(
      'the server to close the connection',
      async () => {
        const error = await client.whenConnected(REFUSED_FOR_MS, 'coming back').then(
          () => new Error('it was let in'),
          (why: Error) => why,
        );
        expect(error.message).toMatch(/no connection within/);
        return error.message.includes('the server closed the connection') || undefined;
      },
      REFUSED_WITHIN_MS,
    );

  it('a client that has seen more is refused, unless the tree is in a higher epoch', async () => {
    const data = (await writeDataDirectory(whole(), place(), { way: 'exact' })).directory;
    const first = await serve(data);
    const port = first.address.clientPort;
    const client = new Connection({
      ...{ servers: [first.address], sessionTimeoutMs: SESSION_MS, auth: [], shown: 'restored' },
    });
    try {
      await create(client, '/before');
      await create(client, '/seen');
      const { sessionId } = client;
      await end(first);
      const left = new ServerFiles(data, VERSION);
      const base = left.snapshots.findIndex(({ zxid }) => zxid === files.last);
      const restored = async (options: Partial<CleanOptions>): Promise<ScratchServer> => {
        const input: RestoreInput = left.from(base, left.last - 1n);
        const written = await writeDataDirectory(input, place(), {
          ...{ way: 'clean', targetVersion: VERSION, ...options },
        });
        return serve(written.directory, port);
      };

      await end(
        await restored({ keepSessions: true }).then(async (server) => {
          await refused(client);
          return server;
        }),
      );

      const higher = await restored({ keepSessions: true, above: left.last });
      await client.whenConnected(LET_IN_WITHIN_MS, 'coming back');
      expect(client.sessionId).toBe(sessionId);
      expect(await exists(client, '/before')).toMatchObject({ ephemeralOwner: sessionId });
      await expect(exists(client, '/seen')).rejects.toMatchObject({
        options: { details: { code: 'NoNode' } },
      });
      await create(client, '/seen');
      await end(higher);

      await restored({ above: BigInt(higher.zxid) });
      expect(await client.ended).toBe('expired');
      const again = await openSession({ servers: [first.address] });
      expect(await again.exists('/before')).toBeNull();
      await again.close();
    } finally {
      await client.close();
    }
  });

  it('a scratch server leaves the data it is given as it is, and nothing of its own', async () => {
    const written = await writeDataDirectory(whole(), place(), { way: 'clean' });
    const state = () =>
      readdirSync(join(written.directory, 'version-2')).map((name) => {
        const { ino, size, mtimeMs } = statSync(join(written.directory, 'version-2', name));
        return { name, ino, size, mtimeMs };
      });
    const before = state();
    const scratch = join(directory, 'scratch');
    const server = await startScratchServer({
      ...{ dataDirectory: written.directory, releaseDirectory: releaseOf(lab) },
      ...{ directory: scratch, nodes: written.nodes!, deadlineMs: 30_000 },
    });
    expect(server.zxid).toBe(written.zxid);
    await server.close();
    await expect(openSession({ servers: [server.address], connectTimeoutMs: 500 })).rejects.toThrow(
      /ECONNREFUSED/,
    );
    expect(state()).toEqual(before);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('a scratch server that would take too much memory, or has no release, is refused', async () => {
    const { directory: data } = await writeDataDirectory(whole(), place(), { way: 'clean' });
    const options = { dataDirectory: data, directory: join(directory, 'scratch') };
    const release = releaseOf(lab);
    await expect(
      startScratchServer({ ...options, releaseDirectory: release, maxHeapBytes: 1 << 20 }),
    ).rejects.toThrow(/needs a heap of \d+ MiB, and may take 1 MiB here/);
    await expect(startScratchServer({ ...options, releaseDirectory: data })).rejects.toThrow(
      /has no zookeeper-\*\.jar/,
    );
    await expect(
      startScratchServer({ ...options, releaseDirectory: release, javaHome: '/nowhere' }),
    ).rejects.toMatchObject({ type: 'ArtifactMissing' });
    await expect(
      startScratchServer({ ...options, releaseDirectory: release, deadlineMs: 1 }),
    ).rejects.toThrow(/did not serve within 0.001 s/);
  });

  it('data on which no server starts are to blame where one starts on none', async () => {
    const data = join(directory, 'broken');
    mkdirSync(join(data, 'version-2'), { recursive: true });
    writeFileSync(join(data, 'version-2', 'log.100000001'), Buffer.alloc(100, 'x'));
    const scratch = join(directory, 'proven');
    await expect(
      startProvenServer({
        ...{ dataDirectory: data, directory: scratch, releaseDirectory: releaseOf(lab) },
      }),
    ).rejects.toMatchObject({ type: 'BackupInvalid' });
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('a subtree of the past comes back into an ensemble that has lost it, by the rules of a copy', async () => {
    const { directory: data } = await writeDataDirectory(whole(), place(), { way: 'exact' });
    const server = await serve(data);
    const servers = [server.address];
    const living = (root = '/every') =>
      new ClientSource({ servers, shown: 'living', auth: server.auth, root });
    const session = await openSession({ servers, auth: server.auth });
    await session.set('/every', Buffer.from('changed by mistake'));
    for (const name of await session.children('/every/many'))
      await session.delete(`/every/many/${name}`);
    await session.delete('/every/many');
    await session.close();
    const { tree } = await treeAt(whole());
    const compared = await compareServed(tree, server.address, server);
    expect(compared.differences.length).toBe(100);
    // 201 nodes; data, version, mzxid and mtime of `/every`, and its pzxid.
    expect(compared.differing).toBe(206);

    const spool = join(directory, 'spool');
    const past = () => restoreSource(whole(), 'the past', { spool });
    const selection = new Selection({ sourceRoot: '/every', targetRoot: '/every' });
    const copy = (options: Partial<CopyOptions>) =>
      copyTree(
        {
          source: 'the past',
          openSource: past,
          target: { servers, shown: 'living', auth: server.auth },
          openTarget: () => Promise.resolve(living()),
          selection,
        },
        { execute: true, journals: join(directory, 'copies'), spool, ...options },
      );
    const differences = async (root: string) => {
      const [source, target] = [await past(), living(root)];
      const meant = new Selection({ sourceRoot: root, targetRoot: root });
      const found = await diffTrees(source, target, meant, { directory: spool });
      const paths: string[] = [];
      for await (const { path } of found.differences) paths.push(path);
      await found.close();
      await source.close();
      await target.close();
      return paths;
    };

    await expect(copy({ conflict: 'fail' })).rejects.toThrow(/\/every at living has \d+ child/);
    // It has given a number for `many`, and will give one more.
    const mirror = { conflict: 'mirror', mayBeAhead: true } as const;
    await expect(copy({ conflict: 'mirror' })).rejects.toThrow(/nothing lowers a counter/);
    const tried = await copy({ ...mirror, execute: false });
    // Changed: `/every`, and the one ACL that no server reads from its own files as it was (servedNode.ts).
    expect(tried).toMatchObject({ created: 201, changed: 2, zxid: `0x${files.last.toString(16)}` });
    expect((await differences('/every')).length).toBe(203);
    await copy(mirror);
    // Relative to the root: its counter.
    expect(await differences('/every')).toEqual(['/']);
    expect(await differences('/every/many')).toEqual([]);
  });
});
