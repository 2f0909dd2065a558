/** A base that is damaged gives way to an older one that leads to the same moment, and that is said. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataOf } from '../../../activities/backup/restorePoint';
import type { Dependencies } from '../../../activities/dependencies';
import { storeBase } from '../../../src/adapters/capture/storeBase';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository, openRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import { treeAt } from '../../../src/adapters/restore';
import { chooseFrom, openExtraction } from '../../../src/adapters/restore/fromRepository';
import { writeSnapshotOf } from '../../../src/adapters/restore/snapshotOfTree';
import { ZkferryError } from '../../../src/model/errors';
import type { Encryption } from '../../../src/model/repository';
import type { EnsembleContents } from '../../../src/planning/backup/contents';
import type { Target } from '../../../src/planning/backup/target';
import { ageKey, OTHER_KEY } from '../../support/ageKeys';
import { deleted, flipped, objectsIn, type Damage } from '../../support/damage';
import { START_MS } from '../../support/logObjects';
import { fingerprintOf } from '../../support/recordedTrees';
import { attached, captured, snapshot, txn } from '../../support/toldCapture';
import { ran } from '../cli/testIo';

const E = 'orders';
const LATEST = { kind: 'latest' } as const;

let directory: string;
let place: string;
let store: DirectoryStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-older-base-'));
  place = join(directory, 'r');
  store = new DirectoryStore(place);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** One log of 7 transactions, with bases usable from 2, 4 and 5. */
async function made(encryption: Encryption = { kind: 'none' }): Promise<Repository> {
  await createRepository(store, encryption);
  const repository = await openRepository(store, { identities: [ageKey.identity] });
  await captured(repository, directory, [
    [snapshot(directory, 1n), txn(2n), attached(2n), ...[3n, 4n, 5n].map(txn)],
  ]);
  for (const zxid of [4n, 5n]) {
    const target = { kind: 'zxid', zxid: `0x${zxid}` } as const;
    const { tree } = await restored(repository, await repository.contents(E), target);
    const file = join(directory, `base-${zxid}`);
    await writeSnapshotOf(tree, file);
    const of = { file, snapshotZxid: zxid, usableFrom: zxid, source: 'stream' as const };
    const usableFromMs = START_MS + Number(zxid);
    await storeBase(
      repository,
      { ensemble: E, timeline: 1 },
      { ...of, usableFromMs },
      { members: [] },
    );
  }
  await captured(repository, directory, [[attached(5n, 'diff'), txn(6n), txn(7n)]]);
  return repository;
}

/** As every restore does. */
async function restored(repository: Repository, contents: EnsembleContents, target: Target) {
  const extraction = await chooseFrom(repository, contents, target);
  const input = await openExtraction(repository, contents, extraction, directory);
  try {
    const { tree } = await treeAt(input);
    return { tree, base: input.extraction.base, passedOver: input.passedOver };
  } finally {
    await input.close();
  }
}

/** Keys of the snapshots, the oldest first. */
const snapshots = async (): Promise<string[]> => (await objectsIn(store)).get('baseSnapshot')!;
const damage = (how: Damage, key: string): Promise<void> => how(store, key, { store, key });

test.each<[string, Damage]>([
  ['altered', flipped],
  ['gone since it was listed', deleted],
])('of what is %s the next older base takes the place', async (_, how) => {
  const repository = await made();
  const contents = await repository.contents(E);
  const whole = await restored(repository, contents, LATEST);
  expect(whole).toMatchObject({ base: { usableFrom: '0x5' }, passedOver: [] });
  expect(whole.tree.get('/a')!.data!.toString()).toBe('7');
  const [, second, newest] = await snapshots();
  await damage(how, newest!);
  const one = await restored(repository, contents, LATEST);
  expect(one).toMatchObject({
    base: { usableFrom: '0x4' },
    passedOver: [expect.stringContaining(newest!)],
  });
  expect(fingerprintOf(one.tree)).toBe(fingerprintOf(whole.tree));
  await damage(how, second!);
  const two = await restored(repository, contents, { kind: 'time', timeMs: START_MS + 6 });
  expect(two).toMatchObject({
    base: { usableFrom: '0x2' },
    passedOver: [expect.stringContaining(newest!), expect.stringContaining(second!)],
  });
  expect(two.tree.get('/a')!.data!.toString()).toBe('6');
});

test('where no older base leads there, it is refused with the damage of the newest', async () => {
  const repository = await made();
  const contents = await repository.contents(E);
  const keys = await snapshots();
  for (const key of keys) await damage(flipped, key);
  await expect(restored(repository, contents, LATEST)).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringContaining(keys.at(-1)!) as string,
  });
});

test('damaged log that every base needs is refused by its name', async () => {
  const repository = await made();
  const contents = await repository.contents(E);
  const segment = (await objectsIn(store)).get('log')!.at(-1)!;
  await damage(flipped, segment);
  await expect(restored(repository, contents, LATEST)).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringContaining(segment) as string,
  });
});

test('without an identity that fits nothing is taken for damaged', async () => {
  await made({ kind: 'age', recipients: [ageKey.recipient] });
  const foreign = await openRepository(store, { identities: [OTHER_KEY.identity] });
  const contents = await foreign.contents(E);
  await expect(restored(foreign, contents, LATEST)).rejects.toMatchObject({ type: 'NotDecrypted' });
});

test.each(['NotDecrypted', 'RepositoryUnavailable', 'RepositoryDenied'] as const)(
  'a base that does not read for %s is no damage, though an older one would read',
  async (type) => {
    const repository = await made();
    const contents = await repository.contents(E);
    const newest = (await snapshots()).at(-1)!;
    const open = store.open.bind(store);
    store.open = (key, signal) =>
      key === newest ? Promise.reject(new ZkferryError(type, 'away')) : open(key, signal);
    await expect(restored(repository, contents, LATEST)).rejects.toMatchObject({ type });
  },
);

test('a command restores, exits with 0, and warns of the damaged object, quiet or not', async () => {
  await made();
  const newest = (await snapshots()).at(-1)!;
  await damage(flipped, newest);
  const to = join(directory, 'restored');
  const words = ['backup', 'extract', place, E, '--at', 'latest', '--to', to, '--execute'];
  const { code, out, err } = await ran([...words, '--json', '--quiet'], {
    env: { ZKFERRY_STATE: join(directory, 'state') },
  });
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/^warning: /) });
  expect(err).toContain(newest);
  expect(JSON.parse(out)).toMatchObject({
    asOf: '0x7',
    base: expect.stringContaining('0000000000000004-') as string,
    passedOver: [expect.stringContaining(newest)],
  });
});

test('what the listing already shows to be damaged is warned of as well', async () => {
  await made();
  const newest = (await snapshots()).at(-1)!;
  await damage(deleted, newest);
  const to = join(directory, 'restored');
  const { code, err } = await ran([
    ...['backup', 'extract', place, E, '--at', 'latest', '--to', to],
  ]);
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining(newest) });
});

test('a restore of an ensemble makes the pinned moment of it, and its step says so', async () => {
  const repository = await made();
  const contents = await repository.contents(E);
  const { tree } = await restored(repository, contents, LATEST);
  const newest = (await snapshots()).at(-1)!;
  await damage(flipped, newest);
  const backup = { spoolDirectory: directory, openRepository: () => Promise.resolve(repository) };
  const { directory: data, detail } = await dataOf(
    { backup } as unknown as Dependencies,
    { workflowId: 'RESTORE-orders', runId: 'run', strategy: 'restoreBackup' },
    {
      ...{ repository: 'backups', shown: place, from: E, timeline: 1, zxid: '0x7' },
      ...{ way: 'exact', sessions: 'keep', startZxid: '0x7' },
    },
    { signal: new AbortController().signal, heartbeat: () => undefined },
  );
  expect(detail).toContain(`DAMAGED: ${newest}`);
  const [file] = readdirSync(data).filter((name) => name.startsWith('snapshot'));
  expect(file).toBe('snapshot.4');
  expect(fingerprintOf((await restored(repository, contents, LATEST)).tree)).toBe(
    fingerprintOf(tree),
  );
});
