/** What is a repository, and what is refused as one. */
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository, openRepository } from '../../../src/adapters/repository/openRepository';
import { openStore, storeNamed } from '../../../src/adapters/repository/openStore';
import { createSecrets } from '../../../src/adapters/secrets';
import type { ObjectStore } from '../../../src/model/backupPorts';
import { repositorySpecSchema } from '../../../src/model/repositorySpec';
import { ageKey } from '../../support/ageKeys';
import { directoryPlace, s3Place, type Place } from '../../support/stores';

const KINDS: [string, () => Promise<Place>][] = [
  ['a directory', () => Promise.resolve(directoryPlace())],
  ['S3', () => s3Place()],
];

describe.each(KINDS)('a repository in %s', (_, open) => {
  let place: Place;
  let store: ObjectStore;
  beforeEach(async () => {
    place = await open();
    store = place.store;
  });
  afterEach(() => place.close());

  it('is made once, and opened as it was made', async () => {
    const encryption = { kind: 'age' as const, recipients: [ageKey.recipient] };
    const made = await createRepository(store, encryption);
    expect(made.document).toMatchObject({ kind: 'zkferry-repository', format: 1, encryption });
    const opened = await openRepository(place.again());
    expect(opened.document).toEqual(made.document);
    await expect(createRepository(place.again(), { kind: 'none' })).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('already'),
    });
    expect((await openRepository(store)).document).toEqual(made.document);
  });

  it('is made by one of two at once', async () => {
    const ends = await Promise.allSettled([
      createRepository(store, { kind: 'none' }),
      createRepository(place.again(), { kind: 'none' }),
    ]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { type: 'Refused' },
    });
  });

  it('is missing where nothing is, which says how to make one', async () => {
    await expect(openRepository(store)).rejects.toMatchObject({
      type: 'RepositoryMissing',
      message: expect.stringContaining('backup init'),
    });
  });

  it('is neither made nor opened where something else is', async () => {
    await store.put('photos/cat.jpg', Buffer.from('miaow'));
    await expect(createRepository(store, { kind: 'none' })).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('not empty'),
    });
    await expect(openRepository(store)).rejects.toMatchObject({ type: 'RepositoryInvalid' });
    await expect(store.get('repository.json')).rejects.toMatchObject({ type: 'ObjectMissing' });
  });

  it.each([
    ['{"kind":"zkferry-repository","format":2,"surprise":true}', /format 2.*newer zkferry/],
    ['{"kind":"other","format":1}', /not zkferry's/],
    ['{"kind":"zkferry-repository","format":1}', /damaged/],
    ['{"kind":"zkferry-rep', /damaged.*JSON/],
    ['', /damaged/],
    ['null', /damaged/],
  ])('with the document %j is refused', async (text, message) => {
    await store.put('repository.json', Buffer.from(text));
    await expect(openRepository(store)).rejects.toMatchObject({
      type: 'RepositoryInvalid',
      message: expect.stringMatching(message),
    });
    await expect(createRepository(store, { kind: 'none' })).rejects.toMatchObject({
      type: 'Refused',
    });
  });

  it('keeps documents, and gives back only those that fit', async () => {
    const repository = await createRepository(store, { kind: 'none' });
    const schema = z.strictObject({ n: z.int() });
    const { sha256 } = await repository.putDocument('orders/x.json', { n: 1 });
    expect(await repository.getDocument('orders/x.json', schema, { sha256 })).toEqual({ n: 1 });
    await repository.putDocument('orders/x.json', { n: 2 });
    const invalid = {
      type: 'RepositoryInvalid',
      message: expect.stringContaining('orders/x.json'),
    };
    await expect(repository.getDocument('orders/x.json', schema, { sha256 })).rejects.toMatchObject(
      invalid,
    );
    await repository.putDocument('orders/x.json', { n: 'two' });
    await expect(repository.getDocument('orders/x.json', schema)).rejects.toMatchObject(invalid);
    await expect(repository.getDocument('orders/y.json', schema)).rejects.toMatchObject({
      type: 'ObjectMissing',
    });
  });
});

describe('a directory', () => {
  const top = directoryPlace();
  const fresh = (): string => mkdtempSync(join(top.root, 'place-'));
  afterAll(() => top.close());

  it('that is not there yet is made, and missing as a repository until then', async () => {
    const store = new DirectoryStore(join(fresh(), 'deep', 'down'));
    await expect(openRepository(store)).rejects.toMatchObject({ type: 'RepositoryMissing' });
    await createRepository(store, { kind: 'none' });
    await expect(openRepository(store)).resolves.toBeDefined();
  });

  it('with files whose names are no keys is not taken for empty', async () => {
    const root = fresh();
    writeFileSync(join(root, 'my notes.txt'), 'x');
    await expect(
      createRepository(new DirectoryStore(root), { kind: 'none' }),
    ).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('my notes.txt') });
    expect(readdirSync(root)).toEqual(['my notes.txt']);
  });

  it('that is the root of a file system is taken for empty', async () => {
    const root = fresh();
    mkdirSync(join(root, 'lost+found'));
    await expect(
      createRepository(new DirectoryStore(root), { kind: 'none' }),
    ).resolves.toBeDefined();
  });
});

describe('the place of a repository', () => {
  it('is a path or an address of S3', () => {
    expect(storeNamed('/backups/zk').shown).toBe('/backups/zk');
    expect(storeNamed('./zk').shown).toBe(join(process.cwd(), 'zk'));
    expect(
      storeNamed(
        's3://my-bucket/some/prefix?endpoint=http://127.0.0.1:9000&region=eu-1&pathStyle=true',
      ).shown,
    ).toBe('s3://my-bucket/some/prefix');
    expect(storeNamed('s3://my-bucket').shown).toBe('s3://my-bucket');
  });

  it.each([
    'backups',
    '',
    'http://host/x',
    's3://',
    's3://UPPER_case/x',
    's3://bucket/../x',
    's3://bucket/a b',
    's3://key:secret@bucket/x',
    's3://bucket/x?endpoint=http://key:secret@host',
    's3://bucket/x?endpoint=ftp://host',
    's3://bucket/x?pathStyle=yes',
    's3://bucket/x?secretAccessKey=secret',
  ])('is not %j, and the message repeats no secret', (text) => {
    let error: unknown;
    try {
      storeNamed(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ type: 'BadUsage' });
    expect((error as Error).message).not.toMatch(/:secret|=secret/);
  });

  it('of an inventory is opened with the secrets that it refers to', async () => {
    const place = await s3Place();
    const { bucket, prefix, endpoint } = place.place;
    const spec = repositorySpecSchema.parse({
      s3: {
        bucket,
        prefix,
        endpoint,
        pathStyle: true,
        accessKeyId: 'env:ID',
        secretAccessKey: 'env:KEY',
      },
      encryption: 'none',
    });
    const environment = { ID: 'S3RVER', KEY: 'S3RVER' };
    const store = await openStore(spec, createSecrets({ environment }));
    await store.put('a', Buffer.from('x'));
    expect((await place.store.get('a')).toString()).toBe('x');
    await expect(openStore(spec, createSecrets({ environment: {} }))).rejects.toMatchObject({
      type: 'SecretMissing',
    });
    await place.close();
  });
});
