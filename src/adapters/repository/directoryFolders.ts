/**
 * The directories of a repository that are written to: which exist is known without asking, and each is kept open, since
 * a rename is durable only once its directory is synced.
 */
import { close, fsync, open, type Stats } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ZkferryError } from '../../model/errors';
import { REPOSITORY_KEY } from '../../planning/backup/keys';
import { codeOf } from './directoryErrors';

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fsync);

/** Open at most, and for how long without use. */
const MAX_OPEN = 64;
const IDLE_MS = 10_000;
const SWEEP_EVERY_MS = 60 * 60_000;
const LEFTOVER_AGE_MS = 60 * 60_000;

/** `~` is in no key: what has such a name is no object. */
export const TEMPORARY = /^~[0-9a-f]{16}\.tmp$/;

export interface Folder {
  path: string;
  /** Makes what was renamed or linked in it durable. */
  sync(): Promise<void>;
}

interface OpenFolder extends Folder {
  file: number;
  users: number;
  usedAtMs: number;
  sweptAtMs: number;
  /** Closed by its last user. */
  isForgotten: boolean;
}

export class DirectoryFolders {
  private readonly known = new Map<string, Promise<OpenFolder>>();
  /** The file that makes the root a repository, as it was first seen: where it is gone, its disk is not mounted. */
  private repository: { document: string; device: number; inode: number } | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly root: string) {}

  /** `folder`: as in a key, without a slash at either end; empty for the root. It is made where it is missing. */
  async using<T>(folder: string, work: (folder: Folder) => Promise<T>): Promise<T> {
    await this.checkRoot();
    const done = await this.usingOrMade(folder, work);
    // It may have come while this was written: then it was written there.
    await this.checkRoot();
    return done;
  }

  /** The file that makes the root a repository was just written by whoever asks. */
  forgetRepository(): void {
    this.repository = undefined;
  }

  /** RepositoryUnavailable where the root is not there, no repository any more, or another one than it was. */
  async checkRoot(): Promise<void> {
    const file = join(this.root, REPOSITORY_KEY);
    const found = await statOf(file);
    const before = this.repository;
    if (found === undefined) {
      if ((await statOf(this.root)) === undefined) throw rootMissing(this.root);
      if (before === undefined) return;
      throw unavailable(
        `${REPOSITORY_KEY} is gone from ${this.root}: look whether its disk is still mounted`,
      );
    }
    const { dev: device, ino: inode } = found;
    if (before?.device === device && before.inode === inode) return;
    const document = await readFile(file, 'utf8');
    if (before !== undefined && before.document !== document)
      throw unavailable(
        `another repository lies at ${this.root} than before: look whether the right disk is mounted there; nothing is written into this one`,
      );
    // Mounted anew: directories that are open are those of before.
    for (const folder of [...this.known.keys()]) this.forget(folder);
    this.repository = { document, device, inode };
  }

  private async usingOrMade<T>(name: string, work: (folder: Folder) => Promise<T>): Promise<T> {
    try {
      return await this.usingKnown(name, work);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody removed the directory, or the disk it was on is gone.
      this.forget(name);
      await this.checkRoot();
      return this.usingKnown(name, work);
    }
  }

  private async usingKnown<T>(name: string, work: (folder: Folder) => Promise<T>): Promise<T> {
    let folder = await this.opened(name);
    while (folder.isForgotten) folder = await this.opened(name);
    folder.users += 1;
    try {
      return await work(folder);
    } finally {
      folder.users -= 1;
      folder.usedAtMs = Date.now();
      if (folder.isForgotten && folder.users === 0) await closeFile(folder.file);
      this.closeLater();
    }
  }

  private async opened(name: string): Promise<OpenFolder> {
    let opening = this.known.get(name);
    if (opening === undefined) {
      opening = this.openFolder(name);
      this.known.set(name, opening);
      opening.catch(() => this.known.delete(name));
    }
    const folder = await opening;
    if (Date.now() - folder.sweptAtMs > SWEEP_EVERY_MS) {
      folder.sweptAtMs = Date.now();
      await sweep(folder.path);
    }
    return folder;
  }

  private async openFolder(name: string): Promise<OpenFolder> {
    const path = name === '' ? this.root : join(this.root, name);
    const realRoot = await realpath(this.root);
    await this.make(realRoot, name);
    const file = await openFile(path, 'r');
    return {
      path,
      file,
      users: 0,
      usedAtMs: Date.now(),
      sweptAtMs: 0,
      isForgotten: false,
      sync: () => syncFile(file),
    };
  }

  /** Each new directory is durable in its parent before anything is put into it. */
  private async make(realRoot: string, name: string): Promise<void> {
    let path = realRoot;
    for (const part of name === '' ? [] : name.split('/')) {
      const parent = path;
      path = join(parent, part);
      const isNew = await mkdir(path, { mode: 0o700 }).then(
        () => true,
        (error: unknown) => {
          if (codeOf(error) === 'EEXIST') return false;
          throw error;
        },
      );
      if (isNew) await syncDirectory(parent);
      else await refuseLink(path);
    }
  }

  private forget(name: string): void {
    const opening = this.known.get(name);
    this.known.delete(name);
    opening?.then(
      async (folder) => {
        folder.isForgotten = true;
        if (folder.users === 0) await closeFile(folder.file);
      },
      () => undefined,
    );
  }

  private closeLater(): void {
    if (this.known.size > MAX_OPEN) void this.closeIdle(0);
    if (this.idle !== undefined) return;
    this.idle = setTimeout(() => {
      this.idle = undefined;
      void this.closeIdle(IDLE_MS).then(() => {
        if (this.known.size > 0) this.closeLater();
      });
    }, IDLE_MS);
    this.idle.unref();
  }

  private async closeIdle(idleMs: number): Promise<void> {
    for (const [name, opening] of [...this.known]) {
      const folder = await opening.catch(() => undefined);
      if (folder === undefined || folder.users > 0) continue;
      if (Date.now() - folder.usedAtMs >= idleMs && this.known.get(name) === opening) {
        this.forget(name);
      }
    }
  }
}

export const rootMissing = (root: string): ZkferryError =>
  new ZkferryError(
    'RepositoryUnavailable',
    `${root} is not there: mount its disk, or correct the directory of the repository`,
    { retryable: true, details: { code: 'RootMissing' } },
  );

const unavailable = (message: string): ZkferryError =>
  new ZkferryError('RepositoryUnavailable', message, { retryable: true });

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function refuseLink(path: string): Promise<void> {
  if ((await realpath(path)) !== path) throw isLink(path);
}

/** A link inside could lead anywhere, so none is followed. */
export const isLink = (path: string): ZkferryError =>
  new ZkferryError(
    'RepositoryInvalid',
    `${path} is, or lies behind, a symbolic link inside the repository: none is followed there; put the data itself in its place`,
  );

export async function syncDirectory(path: string): Promise<void> {
  const file = await openFile(path, 'r');
  try {
    await syncFile(file);
  } finally {
    await closeFile(file);
  }
}

/** Removes what writers left that died while writing. Room is all it gives, so failing does not matter. */
async function sweep(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (!TEMPORARY.test(name)) continue;
    const file = join(path, name);
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < LEFTOVER_AGE_MS) continue;
    await rm(file, { force: true }).catch(() => undefined);
  }
}
