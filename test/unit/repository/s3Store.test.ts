/** What only S3 can do wrong. That it keeps objects is claimed in stores.test.ts. */
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3Store } from '../../../src/adapters/repository/s3Store';
import { s3Place, temporaryDirectory, type Conditions } from '../../support/stores';

describe.each<Conditions>(['keep', 'ignore', 'refuse'])(
  'a server that is to make an object only once, and makes of that condition: %s',
  (conditions) => {
    it('lets one of several writers through, at its first request and later', async () => {
      const place = await s3Place(conditions);
      try {
        const stores = Array.from({ length: 4 }, () => place.again());
        for (const key of ['first', 'second']) {
          const wins = await Promise.all(
            stores.map((store, n) => store.putNew(key, Buffer.from(`writer ${n}`))),
          );
          expect(wins.filter(Boolean)).toHaveLength(1);
          expect((await place.store.get(key)).toString()).toBe(`writer ${wins.indexOf(true)}`);
        }
        expect(await place.store.putNew('first', Buffer.from('late'))).toBe(false);
      } finally {
        await place.close();
      }
    });
  },
);

describe('a bucket of S3', () => {
  let place: Awaited<ReturnType<typeof s3Place>>;
  const scratch = temporaryDirectory();
  beforeAll(async () => {
    place = await s3Place();
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true });
    await place.close();
  });

  it('refused for a wrong key says so, and neither key is in the message', async () => {
    // s3rver tells nobody by his secret.
    const credentials = { accessKeyId: 'NOBODY', secretAccessKey: 'not-the-secret' };
    const store = new S3Store({ ...place.place, credentials });
    const error = await store.put('a', Buffer.from('x')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ type: 'RepositoryDenied', retryable: true });
    const { message, options } = error as { message: string; options: object };
    expect(message).not.toContain('not-the-secret');
    expect(message).not.toContain('NOBODY');
    expect(JSON.stringify(options)).not.toContain('not-the-secret');
  });

  it('that is not there is RepositoryMissing', async () => {
    const store = new S3Store({ ...place.place, bucket: 'no-such-bucket' });
    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({
      type: 'RepositoryMissing',
      message: expect.stringContaining('s3://no-such-bucket'),
    });
    await expect(store.get('a')).rejects.toMatchObject({ type: 'RepositoryMissing' });
  });

  it('where nothing listens is RepositoryUnavailable, and worth another attempt', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const store = new S3Store({ ...place.place, endpoint: `http://127.0.0.1:${port}` });
    await expect(store.get('a')).rejects.toMatchObject({
      type: 'RepositoryUnavailable',
      retryable: true,
    });
  });

  it('whose server is silent is left when the caller gives up', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    server.once('connection', () => stop.abort(new Error('given up')));
    const store = new S3Store({ ...place.place, endpoint: `http://127.0.0.1:${port}` });
    await expect(store.get('a', { signal: stop.signal })).rejects.toThrow('given up');
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  it('keeps no parts of an upload that was given up', async () => {
    const file = join(scratch, 'large');
    writeFileSync(file, Buffer.alloc(64 << 20));
    const stop = new AbortController();
    const put = place.store.putFile('uploads/large', file, stop.signal);
    const uploads = join(place.directory, place.place.bucket, '._S3rver_uploads');
    const partsIn = (): string[] => {
      try {
        return readdirSync(uploads, { recursive: true }) as string[];
      } catch {
        return [];
      }
    };
    const timer = setInterval(() => {
      if (partsIn().length > 4) stop.abort(new Error('given up'));
    }, 1);
    await expect(put).rejects.toThrow('given up');
    clearInterval(timer);
    await expect(place.store.get('uploads/large')).rejects.toMatchObject({ type: 'ObjectMissing' });
    expect(partsIn()).toEqual([]);
  });
});
