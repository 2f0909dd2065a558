/** Data directories made of a base and its log: a real server starts on them, and serves the tree there was. */
import { cpSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compareServed,
  digestOf,
  startScratchServer,
  treeAt,
  writeDataDirectory,
  type RestoreInput,
  type ScratchServer,
  type WriteOptions,
} from '../../src/adapters/restore';
import { writeSnapshotOf } from '../../src/adapters/restore/snapshotOfTree';
import { askWord } from '../../src/adapters/zookeeper/fourLetterClient';
import { parseMntr } from '../../src/codec/fourLetterWord';
import { createLab, type Lab } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import type { DataTree } from '../../src/tree/dataTree';
import { dropSessions } from '../../src/tree/restore/dropSessions';
import { everyTransactionLab, leaveEveryTransaction } from '../support/everyTransaction';
import { History, OPEN } from '../support/history';
import { asFromTheQuorumPort, releaseOf, ServerFiles } from '../support/restoreInputs';

const VERSIONS = ['3.4.14', '3.6.4', '3.9.6'] as const;
const LABS_MS = 120_000;
const WRONG_DIGEST = 12_345n;

describe('restored data directories', () => {
  const labs = new Map<string, Lab>();
  const files = new Map<string, ServerFiles>();
  let directory: string;
  let count = 0;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-restore-'));
    await Promise.all(
      VERSIONS.map(async (version) => {
        const name = `restore-${version.replaceAll('.', '')}`;
        const lab = await createLab(everyTransactionLab(name, version));
        labs.set(version, lab);
        await leaveEveryTransaction(lab);
        files.set(version, ServerFiles.of(lab));
      }),
    );
  }, LABS_MS);

  afterAll(async () => {
    for (const lab of labs.values()) await lab.destroy();
    rmSync(directory, { recursive: true, force: true });
  }, LABS_MS);

  const place = () => join(directory, `data-${(count += 1)}`);
  const of = (version: string) => files.get(version)!;
  const newer = (version: string) => (version === '3.4.14' ? '3.6.4' : '3.9.6');

  async function serving<T>(
    dataDirectory: string,
    version: string,
    look: (server: ScratchServer) => Promise<T>,
  ): Promise<T> {
    const server = await startScratchServer({
      ...{ dataDirectory, isDisposable: true, releaseDirectory: releaseOf(labs.get(version)!) },
      directory: join(directory, 'scratch'),
      deadlineMs: 30_000,
    });
    try {
      expect(server.version).toBe(version);
      return await look(server);
    } finally {
      await server.close();
    }
  }

  async function expectServed(server: ScratchServer, tree: DataTree): Promise<void> {
    const { differences, nodes } = await compareServed(tree, server.address, server);
    expect(differences).toEqual([]);
    expect(nodes).toBeGreaterThan(10);
  }

  const digestMismatches = async ({ address }: ScratchServer): Promise<number> => {
    const reply = await askWord(address, 'mntr', { timeoutMs: 5_000 });
    return Number(parseMntr(reply.kind === 'reply' ? reply.text : '').zk_digest_mismatches_count);
  };

  /** Early, as soon as a client holds its last ephemeral, and the last. */
  function targets(version: string): bigint[] {
    const { snapshots, txns, last } = of(version);
    const holding = txns.findLast(({ txn: { body } }) => body.kind === 'create' && body.ephemeral)!;
    return [snapshots[1]!.zxid + 1n, holding.zxid, last];
  }

  describe.each(VERSIONS)('of %s', (version) => {
    it('hold every transaction exactly, for the same release and a newer one, over kill -9', async () => {
      for (const zxid of targets(version)) {
        const written = await writeDataDirectory(
          of(version).from(of(version).newestBase(zxid), zxid),
          place(),
          { way: 'exact' },
        );
        const { tree } = await treeAt(of(version).from(0, zxid));
        expect(written.sessions).toBe(tree.sessions.size);
        if (atLeast(version, '3.6.0') && written.digest !== undefined)
          expect(written.digest.value).toBe(digestOf(tree));
        await serving(written.directory, version, async (server) => {
          expect(BigInt(server.zxid)).toBe(zxid);
          await expectServed(server, tree);
        });
        if (zxid !== of(version).last) continue;
        await serving(written.directory, version, (server) => expectServed(server, tree));
        await serving(written.directory, newer(version), (server) => expectServed(server, tree));
      }
    });

    it('are clean snapshots without sessions, in a higher epoch, for a newer release', async () => {
      const zxid = targets(version)[1]!;
      const input = of(version).from(of(version).newestBase(zxid), zxid);
      const targetVersion = newer(version);
      const written = await writeDataDirectory(input, place(), {
        ...{ way: 'clean', targetVersion, above: of(version).last },
      });
      const { tree } = await treeAt(of(version).from(0, zxid));
      const named = ((of(version).last >> 32n) + 1n) << 32n;
      const dropped = dropSessions(tree, named);
      expect(dropped.ephemerals).toBeGreaterThan(0);
      expect(written).toMatchObject({
        zxid: `0x${named.toString(16)}`,
        files: [named, named - 1n].map((of) => `version-2/snapshot.${of.toString(16)}`),
        ...{ sessions: 0, nodes: tree.size },
        sessionsDropped: dropped.sessions,
        ephemeralsDropped: dropped.ephemerals,
      });
      const torn = `${written.directory}-torn`;
      cpSync(written.directory, torn, { recursive: true });
      await serving(written.directory, targetVersion, async (server) => {
        expect(server.zxid).toBe(written.zxid);
        await expectServed(server, tree);
        expect(await digestMismatches(server)).toBe(0);
      });
      await serving(written.directory, targetVersion, (server) => expectServed(server, tree));
      // As a server leaves it that is killed while it writes its first snapshot over the one it has started from.
      truncateSync(join(torn, written.files[0]!), 1_000);
      await serving(torn, targetVersion, async (server) => {
        expect(BigInt(server.zxid)).toBe(named - 1n);
        await expectServed(server, tree);
        expect(await digestMismatches(server)).toBe(0);
      });
    });
  });

  it('are read by 3.4 with closeSession and digests as 3.6 and later log them', async () => {
    const history = new History(join(directory, 'history'));
    history.commit({ kind: 'createSession', timeoutMs: 10_000 });
    const node = { data: Buffer.from('d'), acl: OPEN, parentCversion: 1 };
    history.commit({ kind: 'create', path: '/left', ...node, ephemeral: true });
    history.commit({
      kind: 'create',
      path: '/stays',
      ...node,
      parentCversion: 2,
      ephemeral: false,
    });
    history.commit({ kind: 'closeSession', paths: ['/left'] });
    const input = await history.input();
    const target = { way: 'exact', targetVersion: '3.4.14' } as const;
    const { directory: data } = await writeDataDirectory(input, place(), target);
    await serving(data, '3.4.14', async ({ address, auth, zxid }) => {
      expect(BigInt(zxid)).toBe(history.last);
      const { differences } = await compareServed(history.tree, address, { auth });
      expect(differences).toEqual([]);
    });
  });

  it('of a base as the quorum port gives it are checked by every digest of the log', async () => {
    const { last } = of('3.9.6');
    const input = asFromTheQuorumPort(of('3.9.6').from(1, last), join(directory, 'plain'));
    const { digestsMatched, tree } = await treeAt(input);
    expect(digestsMatched).toBeGreaterThan(100);
    expect(digestOf(tree)).toBe(digestOf((await treeAt(of('3.9.6').from(0, last))).tree));
  });

  it('carry a digest that the server checks as it loads', async () => {
    const { tree } = await treeAt(of('3.9.6').from(0, of('3.9.6').last));
    dropSessions(tree, tree.lastZxid);
    const written = await writeDataDirectory(of('3.9.6').from(0, of('3.9.6').last), place(), {
      ...{ way: 'clean', targetVersion: '3.9.6' },
    });
    const file = join(written.directory, written.files[0]!);
    rmSync(file);
    const digest = { zxid: tree.lastZxid, version: 2, digest: WRONG_DIGEST };
    await writeSnapshotOf(tree, file, { trailer: () => ({ digest }) });
    await serving(written.directory, '3.9.6', async (server) => {
      expect(await digestMismatches(server)).toBe(1);
    });
  });

  it('on which a server does not start are told so, with what it said', async () => {
    const { last } = of('3.9.6');
    const written = await writeDataDirectory(of('3.9.6').from(0, last), place(), { way: 'exact' });
    const start = () => serving(written.directory, '3.4.14', () => Promise.resolve());
    await expect(start()).rejects.toThrow(/3414.* does not start on .*Unsupported Txn/s);
  });

  it('are refused for a release that could not read them, before anything is there', async () => {
    const input = of('3.9.6').from(0, of('3.9.6').last);
    const refuse = async (given: RestoreInput, options: WriteOptions, message: RegExp) => {
      const target = place();
      await expect(writeDataDirectory(given, target, options)).rejects.toThrow(message);
      expect(readdirSync(directory).filter((name) => target.endsWith(name))).toEqual([]);
      expect(readdirSync(directory).filter((name) => name.includes('.partial'))).toEqual([]);
    };
    const old = { targetVersion: '3.4.14' } as const;
    await refuse(input, { way: 'exact', ...old }, /is a create2, at which 3\.4\.14 does not start/);
    await refuse(
      input,
      { way: 'clean', ...old },
      /is a (TTL|container) node, which 3\.4\.14 would/,
    );
    const warned = await writeDataDirectory(input, place(), {
      ...{ way: 'clean', targetVersion: '3.9.6' },
    });
    expect(warned.warnings).toEqual([expect.stringMatching(/TTL nodes .* extendedTypesEnabled/)]);
  });
});
