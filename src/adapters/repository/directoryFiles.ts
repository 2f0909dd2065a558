/** Files that appear whole or not at all. All reject with Node's own errors, for the store to map. */
import { randomBytes } from 'node:crypto';
import { copyFile, link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ZkferryError } from '../../model/errors';
import { bounded, codeOf } from './directoryErrors';
import type { Folder } from './directoryFolders';

const READ_DEADLINE_MS = 60_000;
const CHUNK_BYTES = 256 * 1024;

type Fill = (file: FileHandle) => Promise<void>;

const temporaryIn = (folder: Folder): string =>
  join(folder.path, `~${randomBytes(8).toString('hex')}.tmp`);

const removed = (path: string): Promise<void> => rm(path, { force: true }).catch(() => undefined);

/** Durable once it resolves. */
export async function replaceFile(folder: Folder, path: string, fill: Fill): Promise<void> {
  const temporary = temporaryIn(folder);
  try {
    await writeSynced(temporary, fill);
    await rename(temporary, path);
  } catch (error) {
    await removed(temporary);
    throw error;
  }
  await folder.sync();
}

/** False where something of that name is there. Of two at once the file system lets one through. */
export async function createFile(folder: Folder, path: string, fill: Fill): Promise<boolean> {
  const temporary = temporaryIn(folder);
  try {
    await writeSynced(temporary, fill);
    if (!(await linked(temporary, path))) return false;
  } finally {
    await removed(temporary);
  }
  await folder.sync();
  return true;
}

/** As another name of the same file where the file system has that. */
export async function copyTo(folder: Folder, from: string, path: string): Promise<void> {
  const temporary = temporaryIn(folder);
  try {
    await linkOrCopy(from, temporary);
    await rename(temporary, path);
  } finally {
    // Renaming onto another name of the same file does nothing, and leaves this one.
    await removed(temporary);
  }
  await folder.sync();
}

async function writeSynced(path: string, fill: Fill): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await fill(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error;
    throw new ZkferryError(
      'Unsupported',
      `${to} cannot be made: its file system has no hard links, by which one writer of two wins; keep the repository on one that has`,
      { cause: error },
    );
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    await copyFile(from, to);
    const file = await open(to, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Closes `file` at its end, or when it is destroyed. What is deleted meanwhile is read to its end all the same. */
export function fileStream(file: FileHandle, doing: string, signal?: AbortSignal): Readable {
  return new Readable({
    signal,
    highWaterMark: CHUNK_BYTES,
    read(): void {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      bounded(doing, READ_DEADLINE_MS, signal, () => file.read(chunk, 0, CHUNK_BYTES)).then(
        ({ bytesRead }) => this.push(bytesRead === 0 ? null : chunk.subarray(0, bytesRead)),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done): void {
      file.close().then(
        () => done(error),
        () => done(error),
      );
    },
  });
}
