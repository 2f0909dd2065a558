/** What only a directory can do wrong: half-written files, links, permissions, full and missing disks. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import type { ObjectStore } from '../../../src/model/backupPorts';
import { hangDisk } from '../../support/hungDisk';
import { temporaryDirectory } from '../../support/stores';

const ANY_USER = 65_534;
const isRoot = process.getuid?.() === 0;

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of store.list(prefix)) keys.push(...batch.map(({ key }) => key));
  return keys;
}

describe('a directory that keeps objects', () => {
  const top = temporaryDirectory();
  let made = 0;
  const newRoot = (): string => {
    made += 1;
    const root = join(top, String(made));
    mkdirSync(root);
    return root;
  };
  afterAll(() => rmSync(top, { recursive: true, force: true }));

  it('makes files and directories for its owner only, and leaves nothing else behind', async () => {
    const root = newRoot();
    const store = new DirectoryStore(root);
    await store.put('a/b/c', Buffer.from('x'));
    await store.putNew('a/b/d', Buffer.from('x'));
    await store.putNew('a/b/d', Buffer.from('y'));
    await store.copy('a/b/c', 'a/b/e');
    await store.copy('a/b/c', 'a/b/e');
    expect(statSync(join(root, 'a/b/c')).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, 'a/b')).sort()).toEqual(['c', 'd', 'e']);
  });

  it('replaces objects as a whole: readers see the one or the other, never a mixture', async () => {
    const store = new DirectoryStore(newRoot());
    const bodies = [Buffer.alloc(200_000, 'a'), Buffer.alloc(150_000, 'b')];
    await store.put('replaced/one', bodies[0]!);
    let isDone = false;
    const writer = (async () => {
      for (let round = 1; round <= 20; round += 1)
        await store.put('replaced/one', bodies[round % 2]!);
      isDone = true;
    })();
    let reads = 0;
    while (!isDone) {
      const read = await store.get('replaced/one');
      expect(bodies.some((body) => body.equals(read))).toBe(true);
      reads += 1;
    }
    await writer;
    expect(reads).toBeGreaterThan(0);
  });

  it('lists nothing that a dead writer left, and removes it once it is older than an hour', async () => {
    const root = newRoot();
    const [old, young] = ['~0123456789abcdef.tmp', '~fedcba9876543210.tmp'];
    mkdirSync(join(root, 'a'));
    for (const name of [old, young]) writeFileSync(join(root, 'a', name), 'half');
    const anHourAgo = new Date(Date.now() - 61 * 60_000);
    utimesSync(join(root, 'a', old), anHourAgo, anHourAgo);
    const store = new DirectoryStore(root);
    expect(await keysOf(store, '')).toEqual([]);
    await store.put('a/object', Buffer.from('x'));
    expect(readdirSync(join(root, 'a')).sort()).toEqual(['object', young].sort());
  });

  it('neither reads, writes, lists nor deletes through a link, wherever it leads', async () => {
    const root = newRoot();
    const outside = newRoot();
    writeFileSync(join(outside, 'secret'), 'not ours');
    mkdirSync(join(root, 'inside'));
    symlinkSync(outside, join(root, 'out'));
    symlinkSync(join(outside, 'secret'), join(root, 'inside', 'secret'));
    const store = new DirectoryStore(root);
    const refused = { type: 'RepositoryInvalid', message: expect.stringContaining('link') };
    await expect(store.get('out/secret')).rejects.toMatchObject(refused);
    await expect(store.get('inside/secret')).rejects.toMatchObject(refused);
    await expect(store.open('inside/secret')).rejects.toMatchObject(refused);
    await expect(store.put('out/new', Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(store.putNew('out/sub/new', Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(store.copy('inside/secret', 'inside/copy')).rejects.toMatchObject(refused);
    await expect(store.delete(['out/secret'])).rejects.toMatchObject(refused);
    expect(await keysOf(store, '')).toEqual([]);
    // What is put in the place of a link replaces the link, not what it leads to.
    await store.put('inside/secret', Buffer.from('ours'));
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('not ours');
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  it('may itself lie behind a link', async () => {
    const root = newRoot();
    const linkTo = `${root}-link`;
    symlinkSync(root, linkTo);
    const store = new DirectoryStore(linkTo);
    await store.put('a/b', Buffer.from('x'));
    expect((await store.get('a/b')).toString()).toBe('x');
  });

  it('without permission is RepositoryDenied, and again usable once the permission is back', async () => {
    const root = newRoot();
    const store = new DirectoryStore(root);
    await store.put('a/before', Buffer.from('x'));
    chmodSync(top, 0o755);
    chmodSync(root, 0o755);
    chmodSync(join(root, 'a'), 0o555);
    // Root may write everywhere.
    if (isRoot) process.seteuid!(ANY_USER);
    try {
      await expect(store.put('a/denied', Buffer.from('x'))).rejects.toMatchObject({
        type: 'RepositoryDenied',
        retryable: true,
        message: expect.stringContaining(join(root, 'a/denied')),
      });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
    chmodSync(join(root, 'a'), 0o700);
    await store.put('a/after', Buffer.from('x'));
    expect(await keysOf(store, '')).toEqual(['a/after', 'a/before']);
  });

  it('that is gone is RepositoryUnavailable, and is not made anew where its disk was mounted', async () => {
    const root = newRoot();
    const store = new DirectoryStore(root);
    await store.put('repository.json', Buffer.from('{}'));
    await store.put('a/before', Buffer.from('x'));
    const unavailable = { type: 'RepositoryUnavailable', retryable: true };
    renameSync(root, `${root}-away`);
    await expect(store.put('a/x', Buffer.from('x'))).rejects.toMatchObject(unavailable);
    await expect(store.get('a/before')).rejects.toMatchObject(unavailable);
    await expect(keysOf(store, '')).rejects.toMatchObject(unavailable);
    // That nothing is there of an ensemble would be news of its backup.
    await expect(keysOf(store, 'a/')).rejects.toMatchObject(unavailable);
    mkdirSync(root);
    await expect(store.put('a/x', Buffer.from('x'))).rejects.toMatchObject(unavailable);
    expect(readdirSync(root)).toEqual([]);
    rmSync(root, { recursive: true });
    renameSync(`${root}-away`, root);
    await store.put('a/x', Buffer.from('x'));
    expect(await keysOf(store, 'a/')).toEqual(['a/before', 'a/x']);
  });

  it('takes nothing while another repository lies in its place', async () => {
    const root = newRoot();
    const store = new DirectoryStore(root);
    await store.put('repository.json', Buffer.from('{"id":1}'));
    await store.put('a/before', Buffer.from('x'));
    renameSync(root, `${root}-right`);
    mkdirSync(join(root, 'a'), { recursive: true });
    writeFileSync(join(root, 'repository.json'), '{"id":2}');
    const unavailable = { type: 'RepositoryUnavailable', retryable: true };
    await expect(store.put('a/x', Buffer.from('x'))).rejects.toMatchObject(unavailable);
    await expect(keysOf(store, 'a/')).rejects.toMatchObject(unavailable);
    expect(readdirSync(join(root, 'a'))).toEqual([]);
    rmSync(root, { recursive: true });
    // Copied back, as from another disk: the same repository in other directories.
    cpSync(`${root}-right`, root, { recursive: true });
    await store.put('a/x', Buffer.from('x'));
    expect(await keysOf(store, 'a/')).toEqual(['a/before', 'a/x']);
  });

  it('makes a directory again that somebody removed', async () => {
    const root = newRoot();
    const store = new DirectoryStore(root);
    await store.put('a/b/c', Buffer.from('x'));
    rmSync(join(root, 'a'), { recursive: true });
    await store.put('a/b/d', Buffer.from('x'));
    expect(existsSync(join(root, 'a/b/d'))).toBe(true);
  });

  it('whose disk hangs is left when the caller gives up', async () => {
    const store = new DirectoryStore(newRoot());
    await store.put('a/b', Buffer.from('x'));
    const goOn = hangDisk();
    const stop = new AbortController();
    const put = store.put('a/c', Buffer.from('x'), stop.signal);
    stop.abort(new Error('given up'));
    await expect(put).rejects.toThrow('given up');
    await goOn();
  });

  it('keeps what is open readable after it was deleted', async () => {
    const store = new DirectoryStore(newRoot());
    await store.put('a', Buffer.alloc(1 << 20, 'x'));
    const stream = await store.open('a');
    await store.delete(['a']);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(1 << 20);
  });

  it('puts through more directories than it keeps open', async () => {
    const store = new DirectoryStore(newRoot());
    const keys = Array.from({ length: 200 }, (_, n) => `${n}/object`);
    await Promise.all(keys.map((key) => store.put(key, Buffer.from(key))));
    for (const key of keys) expect((await store.get(key)).toString()).toBe(key);
    const open = readdirSync('/proc/self/fd').length;
    await Promise.all(keys.map((key) => store.put(key, Buffer.from(key))));
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(open + 64);
  });

  describe('on a small disk of its own', () => {
    const mounted: string[] = [];
    const mount = (...options: string[]): string => {
      const root = newRoot();
      execFileSync('mount', ['-t', 'tmpfs', '-o', ['size=1m', ...options].join(), 'tmpfs', root]);
      mounted.push(root);
      return root;
    };
    afterEach(() => {
      for (const root of mounted.splice(0)) execFileSync('umount', ['-l', root]);
    });

    it('that is full says so, keeps what it had, and goes on once there is room', async () => {
      const root = mount();
      const store = new DirectoryStore(root);
      await store.put('a/kept', Buffer.alloc(300_000, 'k'));
      const full = {
        type: 'RepositoryUnavailable',
        retryable: true,
        message: expect.stringContaining('full'),
      };
      await expect(store.put('a/kept', Buffer.alloc(900_000))).rejects.toMatchObject(full);
      await expect(store.putNew('a/new', Buffer.alloc(900_000))).rejects.toMatchObject(full);
      expect(await keysOf(store, '')).toEqual(['a/kept']);
      expect(readdirSync(join(root, 'a'))).toEqual(['kept']);
      expect((await store.get('a/kept')).equals(Buffer.alloc(300_000, 'k'))).toBe(true);
      await store.delete(['a/kept']);
      await store.put('a/fits', Buffer.alloc(900_000));
    });

    it('that became read-only is RepositoryUnavailable until it is not', async () => {
      const root = mount();
      const store = new DirectoryStore(root);
      await store.put('a/before', Buffer.from('x'));
      execFileSync('mount', ['-o', 'remount,ro', root]);
      await expect(store.put('a/x', Buffer.from('x'))).rejects.toMatchObject({
        type: 'RepositoryUnavailable',
        retryable: true,
        message: expect.stringContaining('read-only'),
      });
      expect((await store.get('a/before')).toString()).toBe('x');
      execFileSync('mount', ['-o', 'remount,rw', root]);
      await store.put('a/x', Buffer.from('x'));
    });
  });
});
