/**
 * The credential behind the owner-only ACL of lock and canary. Made once and kept in a file only its owner
 * may read; workers that share runs share the file.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @returns `zkferry:<password>` for ZooKeeper's digest scheme. */
export async function ownerCredential(file: string): Promise<string> {
  const known = await readSecret(file);
  if (known !== undefined) return `zkferry:${known}`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const mine = `${file}.${process.pid}.tmp`;
  await writeFile(mine, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // link fails where the file has come in the meantime: the first worker's secret counts for all.
    await link(mine, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(mine);
  }
  return `zkferry:${await readSecret(file)}`;
}

async function readSecret(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
