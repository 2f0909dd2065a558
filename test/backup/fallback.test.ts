/** Backups where neither quorum port nor files can be had: whole bases, by the AdminServer and znode by znode. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { openRepository } from '../../src/adapters/repository/openRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import {
  compareServed,
  startScratchServer,
  treeAt,
  writeDataDirectory,
} from '../../src/adapters/restore';
import { chooseFrom, openExtraction } from '../../src/adapters/restore/fromRepository';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { InventoryInput } from '../../src/model/inventory';
import type { ZkSession } from '../../src/model/ports';
import { BASES_ONLY } from '../../src/planning/backup/standAlone';
import { Harness } from '../support/harness';
import { liveStatus } from '../support/liveStatus';
import { ran, type Ran } from '../unit/cli/testIo';
import { releaseOf } from '../support/restoreInputs';
import { until } from '../support/until';

jest.setTimeout(100_000);

const ADMIN = 'admin:secret';
const ADMIN_PORT = 8080;
const auth = [{ scheme: 'digest', credential: ADMIN }];
/** Of ADMIN, and of anybody who knows it. */
const OWNED = [{ perms: 31, scheme: 'auth', id: '' }];

let harness: Harness;
let directory: string;
let session: ZkSession;
let holder: ZkSession;

const members = () => harness.lab.members;
const name = () => harness.lab.name;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-fallback-'));
  harness = await Harness.create({
    ...{ name: 'fallback', version: '3.9.6', servers: 3 },
    settings: {
      'admin.enableServer': 'true',
      'admin.serverAddress': '{host}',
      'admin.serverPort': String(ADMIN_PORT),
    },
    javaOptions: ['-Dzookeeper.admin.rateLimiterIntervalInMS=1'],
  });
  const secret = join(directory, 'credential');
  writeFileSync(secret, `${ADMIN}\n`, { mode: 0o600 });
  const inventory = parse(readFileSync(harness.lab.inventoryPath, 'utf8')) as InventoryInput;
  Object.assign(inventory.ensembles[name()]!, {
    auth: [{ scheme: 'digest', secret: `file:${secret}` }],
    adminServer: { port: ADMIN_PORT, auth: `file:${secret}` },
  });
  writeFileSync(harness.lab.inventoryPath, stringify(inventory));
  const zookeeper = createZooKeeperAdapter();
  session = await zookeeper.openSession({ servers: members(), auth });
  holder = await zookeeper.openSession({ servers: members(), auth });
  await session.setAcl('/', [...OWNED, { perms: 1, scheme: 'world', id: 'anyone' }]);
  await session.create('/app', Buffer.from('one'), { acl: OWNED });
  for (let at = 0; at < 5; at += 1)
    await session.create('/app/job-', Buffer.from(`job ${at}`), { sequential: true });
  await session.delete('/app/job-0000000004');
  await session.create('/locks', Buffer.alloc(0));
  await holder.create('/locks/held', Buffer.alloc(0), { ephemeral: true });
}, 100_000);
afterAll(async () => {
  await session?.close();
  await holder?.close();
  await harness?.destroy();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

const zkferry = (words: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  ran(words, {
    env: {
      ...{ ZKFERRY_INVENTORY: harness.lab.inventoryPath, ZKFERRY_STATE: join(directory, 'state') },
      ...env,
    },
  });

async function timelineOf(repository: Repository) {
  return (await repository.contents(name())).timelines.at(-1)!;
}

/** The newest moment of it, on a server of its own, is what the ensemble serves; gives the next sequence number of /app. */
async function servedAgain(repository: Repository): Promise<string> {
  const contents = await repository.contents(name());
  const extraction = await chooseFrom(repository, contents, { kind: 'latest' });
  const input = await openExtraction(repository, contents, extraction, directory);
  const data = join(directory, `data-${extraction.base.id}`);
  try {
    const { tree } = await treeAt(input);
    const living = await compareServed(tree, members()[0]!, {
      auth,
      // The lock is of a session; a base without it has other counts above it.
      ignore: (path) => path.startsWith('/locks'),
    });
    expect(living).toMatchObject({ differing: 0, differences: [] });
    expect(living.nodes).toBeGreaterThan(5);
    await writeDataDirectory(input, data, { way: 'clean', targetVersion: '3.9.6' });
  } finally {
    await input.close();
  }
  const scratch = await startScratchServer({
    ...{ dataDirectory: data, isDisposable: true, releaseDirectory: releaseOf(harness.lab) },
    ...{ directory: join(directory, 'scratch'), deadlineMs: 30_000 },
  });
  try {
    const { tree } = await treeAt(
      await openExtraction(repository, contents, extraction, directory),
    );
    const served = await compareServed(tree, scratch.address, {
      auth: scratch.auth,
      ignore: (path) => path.startsWith('/locks'),
    });
    expect(served).toMatchObject({ differing: 0, differences: [] });
    const client = await createZooKeeperAdapter().openSession({ servers: [scratch.address], auth });
    const path = await client.create('/app/job-', Buffer.alloc(0), { sequential: true });
    expect(await client.exists('/locks/held')).toBeNull();
    await client.close();
    return path;
  } finally {
    await scratch.close();
  }
}

describe.each(['logical', 'admin'] as const)('source %s', (source) => {
  let place: string;

  const create = (...more: string[]) =>
    zkferry(['backup', 'create', place, name(), '--source', source, ...more]);

  beforeAll(async () => {
    place = join(directory, source);
    const { code, err } = await zkferry(['backup', 'init', place, '--encryption', 'none']);
    expect([err, code]).toEqual(['', 0]);
  });

  it('restores to two moments, names what lies between them, and serves an equal tree', async () => {
    expect(await create()).toMatchObject({ code: 0, out: expect.stringContaining('one base') });
    await session.set('/app', Buffer.from(`two, ${source}`));
    await session.create('/app/job-', Buffer.from(source), { sequential: true });
    expect(await create('--base-rate', '64MiB')).toMatchObject({ code: 0 });

    const repository = await openRepository(new DirectoryStore(place));
    const { bases, holes, findings } = await timelineOf(repository);
    expect(findings).toEqual([]);
    expect(bases).toMatchObject([{ source }, { source, serverVersion: '3.9.6' }]);
    // Nobody wrote while they were read.
    expect(bases.map(({ readFrom }) => readFrom)).toEqual([undefined, undefined]);
    expect(holes).toMatchObject([
      { after: bases[0]!.usableFrom, upTo: bases[1]!.usableFrom, reason: BASES_ONLY },
    ]);
    const listed = await zkferry(['backup', 'list', place]);
    expect(listed.out.match(/restorable: /g)).toHaveLength(2);
    expect(listed.out).toContain(`warning: the transactions after ${bases[0]!.usableFrom}`);
    expect((await zkferry(['backup', 'verify', place])).code).toBe(0);

    const restored = await servedAgain(repository);
    const living = await session.create('/app/job-', Buffer.alloc(0), { sequential: true });
    expect(restored).toBe(living);
  });

  it('says which credential does not do', async () => {
    const wrong = join(directory, `wrong-${source}`);
    writeFileSync(wrong, 'someone:else', { mode: 0o600 });
    const inventory = readFileSync(harness.lab.inventoryPath, 'utf8').replaceAll(
      join(directory, 'credential'),
      wrong,
    );
    const other = join(directory, `${source}.yaml`);
    writeFileSync(other, inventory);
    const { code, err } = await zkferry(['backup', 'create', place, name(), '--source', source], {
      ZKFERRY_INVENTORY: other,
    });
    expect(err).toMatch(
      source === 'admin' ? /"adminServer" \(40[13],/ : /ACL of \/ is shown without its digest/,
    );
    expect(code).toBe(1);
  });
});

it.each(['logical', 'admin'])(
  '%s: a tree that moves says between which transactions it was read',
  async (source) => {
    const place = join(directory, `moving-${source}`);
    await zkferry(['backup', 'init', place, '--encryption', 'none']);
    const many = await session.create('/many-', Buffer.alloc(0), { sequential: true });
    for (let at = 0; at < 200; at += 1) await session.create(`${many}/${at}`, Buffer.alloc(100));
    let ended = false;
    // So many at once that none of the moments that count falls between two of them.
    const writing = Promise.all(
      Array.from({ length: 50 }, async () => {
        while (!ended) await session.set('/app', Buffer.from('moves'));
      }),
    );
    // A disk may be slower than a whole reading.
    const attempt = async (): Promise<true | undefined> => {
      const made = await zkferry(['backup', 'create', place, name(), '--source', source]);
      expect(made.code).toBe(0);
      return made.out.includes('not of one moment') || undefined;
    };
    await until('a base that is not of one moment', attempt, 60_000).finally(() => {
      ended = true;
      return writing;
    });
    const { bases } = await timelineOf(await openRepository(new DirectoryStore(place)));
    const base = bases.find(({ readFrom }) => readFrom !== undefined);
    expect(BigInt(base!.readFrom!)).toBeLessThan(BigInt(base!.usableFrom));
  },
);

it('a hot backup takes one base, another when it is resumed, is tuned, and ends when it is stopped', async () => {
  const run = await harness.startBackup({ source: 'logical', baseEveryMs: 3_600_000 });
  const first = await run.until('a base', ({ capture }) => capture?.lastBase !== undefined, 30_000);
  const { lastBase, nextBaseAt, rpo, source } = first.capture!;
  expect({ source, rpo }).toEqual({
    source: 'logical',
    rpo: expect.stringContaining('since the last base') as string,
  });
  expect(Date.parse(nextBaseAt!)).toBe(Date.parse(lastBase!.takenAt) + 3_600_000);
  await run.send('tune', { baseEveryMs: 60_000, baseBytesPerSecond: 10 << 20 });
  const tuned = await liveStatus(harness, run.handle.workflowId);
  expect(Date.parse(tuned.capture!.nextBaseAt!)).toBe(Date.parse(lastBase!.takenAt) + 60_000);
  await session.set('/app', Buffer.from('three'));
  await run.send('pause', {});
  await run.send('resume', {});
  await run.until(
    'another base',
    ({ capture }) => capture?.lastBase?.usableFrom !== lastBase!.usableFrom,
    30_000,
  );
  await run.send('stop', {});
  expect(await run.handle.result()).toMatchObject({ outcome: 'completed', bases: 2 });
  const repository = await harness.openRepository();
  const { bases, holes, findings } = await timelineOf(repository);
  expect({ bases: bases.length, findings }).toEqual({ bases: 2, findings: [] });
  expect(holes).toMatchObject([{ reason: BASES_ONLY }]);
});
