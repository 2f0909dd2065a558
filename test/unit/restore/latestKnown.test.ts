/** `latest` is never an older moment than the repository held, where anything left of it tells that there was more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import { chooseFrom, type ChooseFrom } from '../../../src/adapters/restore/fromRepository';
import { flipped, objectsIn, type ObjectKind } from '../../support/damage';
import { keys } from '../../../src/planning/backup/keys';
import { putLogObject, range } from '../../support/logObjects';
import { attached, captured, snapshot, txn } from '../../support/toldCapture';

const E = 'orders';
const LAST = '0x7';

let directory: string;
let repository: Repository;
let store: DirectoryStore;

/** Three captures, one after the other: each goes on after the one before. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-latest-'));
  store = new DirectoryStore(join(directory, 'r'));
  repository = await createRepository(store, { kind: 'none' });
  await captured(repository, directory, [
    [snapshot(directory, 1n), txn(2n), attached(2n), txn(3n)],
  ]);
  await captured(repository, directory, [[attached(3n, 'diff'), txn(4n), txn(5n)]]);
  await captured(repository, directory, [[attached(5n, 'diff'), txn(6n), txn(7n)]]);
});
afterEach(() => rmSync(directory, { recursive: true }));

const latest = async (options: ChooseFrom = {}): Promise<string> => {
  const contents = await repository.contents(E);
  return (await chooseFrom(repository, contents, { kind: 'latest' }, options)).zxid;
};

const all = async (kind: ObjectKind): Promise<string[]> => (await objectsIn(store)).get(kind)!;
const newest = async (kind: ObjectKind): Promise<string> => (await all(kind)).at(-1)!;

/** What is told, the newest that is there, and that only who accepts an older one gets it. */
async function assertRefused(told: RegExp, upTo: string): Promise<void> {
  const refused = latest();
  await expect(refused).rejects.toMatchObject({ type: 'NotRestorable' });
  const message = await refused.catch((error: Error) => error.message);
  expect(message).toMatch(told);
  expect(message).toContain(upTo);
  expect(message).toContain('--accept-older');
  expect(await latest({ acceptOlder: true })).toBe(upTo);
}

test('whole, it is the last transaction', async () => {
  expect(await latest()).toBe(LAST);
});

test('without any state it is refused, whether the log is whole or not', async () => {
  await store.delete(await all('state'));
  await assertRefused(/no state is below orders\/0001\/state\//, LAST);
  await store.delete([await newest('log')]);
  await assertRefused(/no state is below/, '0x5');
});

test('without the newest state it is refused', async () => {
  await store.delete([await newest('state')]);
  await assertRefused(/is older than what lies there/, LAST);
});

test('without the newest state and the last segment, the index that is left tells', async () => {
  const [index, segment] = [await newest('index'), await newest('log')];
  await store.delete([await newest('state'), segment]);
  await assertRefused(new RegExp(`${segment} is missing, although ${index} lists it`), '0x5');
});

test('without the newest state and the last segment, pieces of that writer tell', async () => {
  const index = await newest('index');
  const piece = await putLogObject(repository, keys.pieces(E, 1, 3), 5, range(6, 6));
  await store.delete([await newest('state'), await newest('log'), index]);
  await assertRefused(new RegExp(`is older than what lies there: .*${piece.key}`), '0x6');
});

test('with a damaged state it is refused', async () => {
  const state = await newest('state');
  await flipped(store, state, { store, key: state });
  await assertRefused(new RegExp(`${state} is not used`), LAST);
});

test.each(['gone', 'damaged'])(
  'with the list of timelines %s it is refused, unless the timeline is named',
  async (how) => {
    const key = await newest('ensemble');
    if (how === 'gone') await store.delete([key]);
    else await flipped(store, key, { store, key });
    await assertRefused(/ensemble\.json is not used: .*--timeline 1/, LAST);
    expect(await latest({ timeline: 1 })).toBe(LAST);
  },
);

test.each<ObjectKind>(['index', 'baseManifest', 'baseSnapshot', 'writer'])(
  'without what says nothing of the end (%s) it is the last transaction',
  async (kind) => {
    await captured(repository, directory, [
      [snapshot(directory, 10n, 7n), attached(10n), txn(11n)],
    ]);
    const [first] = await all(kind);
    await store.delete([first!]);
    expect(await latest()).toBe('0xb');
  },
);

test('a repository that was just begun, or is just gone on with, refuses nothing that is there', async () => {
  const place = new DirectoryStore(join(directory, 'new'));
  const begun = await createRepository(place, { kind: 'none' });
  const seen = new Set<string>();
  const put = place.put.bind(place);
  // Each time something was put, a reader looks.
  place.put = async (...words) => {
    await put(...words);
    if (!words[0].startsWith(`${E}/0001/`)) return;
    const contents = await begun.contents(E);
    const looked = await chooseFrom(begun, contents, { kind: 'latest' }).catch((error: Error) =>
      error.message.replace(/:.*/s, ''),
    );
    seen.add(typeof looked === 'string' ? looked : looked.zxid);
  };
  await captured(begun, directory, [[snapshot(directory, 1n), txn(2n), attached(2n), txn(3n)]]);
  await captured(begun, directory, [[attached(3n, 'diff'), txn(4n)]]);
  const refused = [...seen].filter((one) => !one.startsWith('0x'));
  expect(refused).toEqual([`nothing of ${E}, timeline 1, can be restored`]);
  expect([...seen].at(-1)).toBe('0x4');
});
