/** What lies in a directory, as keys in their order. Links are not followed, and what has no safe name is no object. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredEntry } from '../../model/backupPorts';
import { codeOf } from './directoryErrors';
import { isSafePart } from './objectKeys';

const BATCH = 256;

/** `prefix`: empty or ending in `/`. Nothing where there is no such directory. */
export async function* listDirectory(root: string, prefix: string): AsyncGenerator<StoredEntry[]> {
  let keys: string[] = [];
  for await (const key of walk(root, prefix)) {
    keys.push(key);
    if (keys.length < BATCH) continue;
    yield await withSizes(root, keys);
    keys = [];
  }
  if (keys.length > 0) yield await withSizes(root, keys);
}

/** Names of the directories directly below that hold an object at any depth. */
export async function foldersOf(root: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(root, prefix)) {
    if (!name.endsWith('/')) continue;
    const first = await walk(root, prefix + name).next();
    if (!first.done) found.push(name.slice(0, -1));
  }
  return found;
}

async function* walk(root: string, prefix: string): AsyncGenerator<string> {
  for (const name of await namesIn(root, prefix)) {
    if (name.endsWith('/')) yield* walk(root, prefix + name);
    else yield prefix + name;
  }
}

/** In the order of the keys below them, which is why the slash counts. */
async function namesIn(root: string, prefix: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, prefix), { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && prefix !== '') return [];
    throw error;
  }
  return entries
    .filter((entry) => isSafePart(entry.name) && (entry.isFile() || entry.isDirectory()))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
}

async function withSizes(root: string, keys: readonly string[]): Promise<StoredEntry[]> {
  const entries = await Promise.all(
    keys.map(async (key) => {
      try {
        return { key, bytes: (await stat(join(root, key))).size };
      } catch (error) {
        // Deleted since it was listed.
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    }),
  );
  return entries.filter((entry) => entry !== undefined);
}
