/** Snapshots never fill the disk that the worker, and what waits for a repository, need too. */
import { statfs } from 'node:fs/promises';
import { ZkferryError } from '../model/errors';

const MIB = 1024 * 1024;
const LOOK_EVERY_BYTES = 64 * MIB;
export const MIN_FREE_BYTES = 512 * MIB;

/** NoDiskSpace where fewer than `minFreeBytes` are left. */
export async function refuseLowDisk(directory: string, minFreeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= minFreeBytes) return;
  throw new ZkferryError(
    'NoDiskSpace',
    `${directory} has ${mib(freeBytes)} MiB left, fewer than the ${mib(minFreeBytes)} MiB that must stay free: make room, or choose another directory for snapshots`,
  );
}

const mib = (bytes: number): number => Math.floor(bytes / MIB);

/** The chunks as they are, on their way to `directory`; looks at its disk first, and every 64 MiB. */
export async function* whileRoom(
  chunks: AsyncIterable<Buffer>,
  directory: string,
  minFreeBytes = MIN_FREE_BYTES,
): AsyncGenerator<Buffer> {
  await refuseLowDisk(directory, minFreeBytes);
  let unlooked = 0;
  for await (const chunk of chunks) {
    unlooked += chunk.length;
    if (unlooked >= LOOK_EVERY_BYTES) {
      unlooked = 0;
      await refuseLowDisk(directory, minFreeBytes);
    }
    yield chunk;
  }
}
