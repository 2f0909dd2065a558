/** What every place that keeps objects does, a directory and S3 alike. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import type { ObjectStore, StoredEntry } from '../../../src/model/backupPorts';
import { directoryPlace, s3Place, temporaryDirectory, type Place } from '../../support/stores';

const KINDS: [string, () => Promise<Place>][] = [
  ['a directory', () => Promise.resolve(directoryPlace())],
  ['S3', () => s3Place()],
];

async function listed(store: ObjectStore, prefix: string): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const batch of store.list(prefix)) entries.push(...batch);
  return entries;
}

const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> =>
  (await listed(store, prefix)).map(({ key }) => key);

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of stream) parts.push(chunk);
  return Buffer.concat(parts);
}

describe.each(KINDS)('objects in %s', (_, open) => {
  let place: Place;
  let store: ObjectStore;
  const scratch = temporaryDirectory();

  beforeAll(async () => {
    place = await open();
    store = place.store;
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true });
    await place.close();
  });

  it('are given back as they were put, at once and as a stream', async () => {
    const body = randomBytes(300_000);
    await store.put('given/back', body);
    expect((await store.get('given/back')).equals(body)).toBe(true);
    expect((await readAll(await store.open('given/back'))).equals(body)).toBe(true);
    await store.put('given/empty', Buffer.alloc(0));
    expect((await store.get('given/empty')).length).toBe(0);
  });

  it('of a file larger than a part are put with all their bytes', async () => {
    const body = randomBytes(20 << 20);
    const file = join(scratch, 'large');
    writeFileSync(file, body);
    await store.putFile('large/file', file);
    const hash = createHash('sha256');
    for await (const chunk of await store.open('large/file')) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'));
  });

  it('of a file that is not there are refused, naming it', async () => {
    await expect(store.putFile('large/none', join(scratch, 'none'))).rejects.toMatchObject({
      type: 'RepositoryUnavailable',
      message: expect.stringContaining(join(scratch, 'none')),
    });
  });

  it('that are not there are ObjectMissing, and their key is named', async () => {
    const missing = { type: 'ObjectMissing', message: expect.stringContaining('not/there') };
    await expect(store.get('not/there')).rejects.toMatchObject(missing);
    await expect(store.open('not/there')).rejects.toMatchObject(missing);
    await expect(store.copy('not/there', 'not/here')).rejects.toMatchObject(missing);
  });

  it('larger than expected are refused before they are read', async () => {
    await store.put('limit/here', Buffer.alloc(1001));
    await expect(store.get('limit/here', { maxBytes: 1000 })).rejects.toMatchObject({
      type: 'RepositoryInvalid',
      message: expect.stringContaining('1001 bytes'),
    });
    expect((await store.get('limit/here', { maxBytes: 1001 })).length).toBe(1001);
  });

  it('are made new by one writer only, and what is there is not changed', async () => {
    expect(await store.putNew('new/one', Buffer.from('first'))).toBe(true);
    expect(await place.again().putNew('new/one', Buffer.from('second'))).toBe(false);
    expect((await store.get('new/one')).toString()).toBe('first');
  });

  it('that eight writers make at the same time are made by exactly one, whose body is there', async () => {
    for (let round = 0; round < 3; round += 1) {
      const key = `race/${round}`;
      const wins = await Promise.all(
        Array.from({ length: 8 }, (_, writer) =>
          place.again().putNew(key, Buffer.from(`writer ${writer}`)),
        ),
      );
      expect(wins.filter(Boolean)).toHaveLength(1);
      expect((await store.get(key)).toString()).toBe(`writer ${wins.indexOf(true)}`);
    }
  });

  it('are listed in the order of their keys, with their sizes, below the prefix only', async () => {
    const keys = ['order/a/1', 'order/a-b', 'order/a.json', 'order/a0/2', 'order/b', 'orders/c'];
    for (const [index, key] of keys.entries()) await store.put(key, Buffer.alloc(index));
    const expected = keys.filter((key) => key.startsWith('order/')).sort();
    expect(await listed(store, 'order/')).toEqual(
      expected.map((key) => ({ key, bytes: keys.indexOf(key) })),
    );
    expect(await listed(store, 'nothing/')).toEqual([]);
  });

  it('of more than one page are all listed', async () => {
    // A page of the server of tests has 100, one of a directory 256; more than 1,000 take more than one request to be deleted.
    const named = Array.from({ length: 1100 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
    const keys = named.filter((_, n) => n % 4 === 0);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from('x'))));
    }
    expect(await keysOf(store, 'many/')).toEqual(keys);
    await store.delete(named);
    expect(await keysOf(store, 'many/')).toEqual([]);
  });

  it('have folders where there is more below', async () => {
    await store.put('tree/x/y/z', Buffer.from('1'));
    await store.put('tree/w/1', Buffer.from('1'));
    await store.put('tree/file', Buffer.from('1'));
    expect(await store.folders('tree/')).toEqual(['w', 'x']);
    await store.delete(['tree/w/1']);
    expect(await store.folders('tree/')).toEqual(['x']);
    expect(await store.folders('')).toContain('tree');
  });

  it('are copied, and the copy outlives what it was made of', async () => {
    await store.put('copy/from', Buffer.from('copied'));
    await store.copy('copy/from', 'copied/to');
    await store.copy('copy/from', 'copied/to');
    await store.delete(['copy/from', 'copy/never-was']);
    expect((await store.get('copied/to')).toString()).toBe('copied');
    await expect(store.get('copy/from')).rejects.toMatchObject({ type: 'ObjectMissing' });
    expect(await keysOf(store, 'copied/')).toEqual(['copied/to']);
  });

  it.each([
    '../out',
    'a/../../out',
    '/etc/passwd',
    'a//b',
    'a/',
    '',
    '.',
    'a b',
    'a\\b',
    'ä',
    'a\0b',
    '~0.tmp',
    'x'.repeat(1025),
  ])('never have the key %j', async (key) => {
    const refused = { type: 'InvalidInput', message: expect.stringContaining('no key') };
    await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(store.putNew(key, Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(store.putFile(key, '/dev/null')).rejects.toMatchObject(refused);
    await expect(store.get(key)).rejects.toMatchObject(refused);
    await expect(store.open(key)).rejects.toMatchObject(refused);
    await expect(store.copy(key, 'a')).rejects.toMatchObject(refused);
    await expect(store.copy('copied/to', key)).rejects.toMatchObject(refused);
    await expect(store.delete([key])).rejects.toMatchObject(refused);
    if (key !== '') await expect(keysOf(store, `${key}/`)).rejects.toMatchObject(refused);
  });

  it('are not touched once the caller has given up', async () => {
    const gone = AbortSignal.abort(new Error('given up'));
    await expect(store.put('aborted/put', Buffer.from('x'), gone)).rejects.toThrow('given up');
    await expect(store.get('copied/to', { signal: gone })).rejects.toThrow('given up');
    expect(await keysOf(store, 'aborted/')).toEqual([]);
  });
});
