/**
 * Objects as files below a directory. An object is written beside its place, synced, then renamed into it: whoever reads
 * sees it whole or not at all, and once `put` has resolved a power cut does not take it back.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ObjectStore, StoredEntry } from '../../model/backupPorts';
import { ZkferryError } from '../../model/errors';
import { REPOSITORY_KEY } from '../../planning/backup/keys';
import { bounded, codeOf } from './directoryErrors';
import {
  DirectoryFolders,
  isLink,
  rootMissing,
  syncDirectory,
  TEMPORARY,
  type Folder,
} from './directoryFolders';
import { copyTo, createFile, fileStream, replaceFile } from './directoryFiles';
import { foldersOf, listDirectory } from './directoryListing';
import { checkKey, checkPrefix } from './objectKeys';
import { tooLarge, missing } from './storeErrors';

const DEADLINE_MS = 60_000;
/** Slower than that a disk counts as hung. */
const LEAST_BYTES_PER_MS = 1000;
const CHUNK_BYTES = 256 * 1024;
/**
 * Each write syncs a file and its directory: without a pause it would do nothing else, and whoever shares the disk waits.
 * Every 10 ms made the writes of servers on the same disk slower by a fifth, every 20 ms by a tenth at most.
 */
const LEAST_FLUSH_MS = 20;
/** Made by mkfs in the root of a file system. */
const NOT_OURS_AND_HARMLESS = 'lost+found';

/** `root`: absolute. Besides the port's errors: InvalidInput for keys that are none, RepositoryInvalid for links inside. */
export class DirectoryStore implements ObjectStore {
  readonly leastFlushMs = LEAST_FLUSH_MS;
  readonly shown: string;
  private readonly written: DirectoryFolders;

  constructor(private readonly root: string) {
    this.shown = root;
    this.written = new DirectoryFolders(root);
  }

  async prepare(signal?: AbortSignal): Promise<void> {
    await bounded(`making ${this.root}`, DEADLINE_MS, signal, async () => {
      const first = await mkdir(this.root, { recursive: true, mode: 0o700 });
      if (first !== undefined) await syncDirectory(dirname(first));
      const foreign = (await readdir(this.root)).find(
        (name) => name !== NOT_OURS_AND_HARMLESS && !TEMPORARY.test(name),
      );
      if (foreign === undefined) return;
      throw new ZkferryError(
        'Refused',
        `${this.root} is not empty (${JSON.stringify(foreign.slice(0, 100))} is in it) and no repository: choose an empty or a new directory`,
      );
    });
  }

  async put(key: string, body: Buffer, signal?: AbortSignal): Promise<void> {
    await this.write(key, body.length, signal, (folder, path) =>
      replaceFile(folder, path, (file) => file.writeFile(body)),
    );
  }

  async putFile(key: string, file: string, signal?: AbortSignal): Promise<void> {
    const { size } = await bounded(`reading ${file}`, DEADLINE_MS, signal, () => stat(file));
    await this.write(key, size, signal, (folder, path) =>
      replaceFile(folder, path, async (target) => {
        const chunks = createReadStream(file, { highWaterMark: CHUNK_BYTES, signal });
        for await (const chunk of chunks) await target.writeFile(chunk as Buffer);
      }),
    );
  }

  async putNew(key: string, body: Buffer, signal?: AbortSignal): Promise<boolean> {
    return this.write(key, body.length, signal, (folder, path) =>
      createFile(folder, path, (file) => file.writeFile(body)),
    );
  }

  async get(
    key: string,
    { maxBytes = Infinity, signal }: { maxBytes?: number; signal?: AbortSignal } = {},
  ): Promise<Buffer> {
    return this.read(key, signal, async (path) => {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (size > maxBytes) throw tooLarge(this.shown, key, size, maxBytes);
        return await file.readFile();
      } finally {
        await file.close();
      }
    });
  }

  async open(key: string, signal?: AbortSignal): Promise<Readable> {
    const file = await this.read(key, undefined, (path) => open(path, 'r'));
    return fileStream(file, `reading ${this.at(key)}`, signal);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredEntry[]> {
    checkPrefix(prefix);
    await this.checkRoot(prefix, signal);
    const batches = listDirectory(this.root, prefix);
    for (;;) {
      const next = await bounded(`listing ${this.at(prefix)}`, DEADLINE_MS, signal, () =>
        this.orRootMissing(() => batches.next()),
      );
      if (next.done) break;
      yield next.value;
    }
  }

  async folders(prefix: string, signal?: AbortSignal): Promise<string[]> {
    checkPrefix(prefix);
    await this.checkRoot(prefix, signal);
    return bounded(`listing ${this.at(prefix)}`, DEADLINE_MS, signal, () =>
      this.orRootMissing(() => foldersOf(this.root, prefix)),
    );
  }

  /** As another name of the same file where the file system has that: an object never changes. */
  async copy(from: string, to: string, signal?: AbortSignal): Promise<void> {
    const size = await this.read(from, signal, async (path) => (await stat(path)).size);
    await this.write(to, size, signal, (folder, path) => copyTo(folder, this.at(from), path));
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    const byFolder = new Map<string, string[]>();
    for (const key of keys)
      byFolder.set(dirname(key), [...(byFolder.get(dirname(key)) ?? []), key]);
    for (const [folder, inIt] of byFolder) {
      await bounded(`deleting in ${this.at(folder)}`, DEADLINE_MS, signal, async () => {
        if (!(await this.isOwnDirectory(folder))) return;
        for (const key of inIt) {
          signal?.throwIfAborted();
          await rm(this.at(key), { force: true });
        }
        await syncDirectory(this.at(folder));
      });
    }
  }

  private at(key: string): string {
    return join(this.root, key);
  }

  private async write<T>(
    key: string,
    bytes: number,
    signal: AbortSignal | undefined,
    work: (folder: Folder, path: string) => Promise<T>,
  ): Promise<T> {
    checkKey(key);
    const slash = key.lastIndexOf('/');
    const name = key.slice(slash + 1);
    const deadlineMs = DEADLINE_MS + bytes / LEAST_BYTES_PER_MS;
    return bounded(`writing ${this.at(key)}`, deadlineMs, signal, () =>
      this.written.using(key.slice(0, Math.max(slash, 0)), async (folder) => {
        const done = await work(folder, join(folder.path, name));
        if (key === REPOSITORY_KEY) this.written.forgetRepository();
        return done;
      }),
    );
  }

  private async read<T>(
    key: string,
    signal: AbortSignal | undefined,
    work: (path: string) => Promise<T>,
  ): Promise<T> {
    checkKey(key);
    return bounded(`reading ${this.at(key)}`, DEADLINE_MS, signal, async () => {
      try {
        const real = await realpath(this.at(key));
        if (real !== join(await realpath(this.root), key)) throw isLink(this.at(key));
        return await work(real);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        await this.written.checkRoot();
        throw missing(this.shown, key);
      }
    });
  }

  /** Nothing below a prefix is no news of a repository that is away. */
  private checkRoot(prefix: string, signal: AbortSignal | undefined): Promise<void> {
    return bounded(`listing ${this.at(prefix)}`, DEADLINE_MS, signal, () =>
      this.written.checkRoot(),
    );
  }

  private async orRootMissing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw rootMissing(this.root);
      throw error;
    }
  }

  /** False where there is none. */
  private async isOwnDirectory(folder: string): Promise<boolean> {
    try {
      const real = await realpath(this.at(folder));
      if (real !== join(await realpath(this.root), folder)) throw isLink(this.at(folder));
      return true;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await this.written.checkRoot();
      return false;
    }
  }
}
