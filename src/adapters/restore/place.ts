/**
 * Where a data directory is put: made beside its place under another name, and renamed once it is whole and durable. A
 * process that is killed meanwhile leaves `<directory>.partial-…`, which no server takes for its data.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  access,
  chmod,
  chown,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ZkferryError } from '../../model/errors';
import { REPOSITORY_KEY } from '../../planning/backup/keys';

/** For what a file system keeps beside the bytes of files. */
const SPARE_BYTES = 4 << 20;
const PARTIAL_ID = /^[0-9a-f]{12}$/;
const ZOOKEEPER_FILE = /^(snapshot\.|log\.|version-2$|myid$|zookeeper_server\.pid$|initialize$)/;

export interface Place {
  /** Absolute; links resolved. */
  directory: string;
  partial: string;
  /** Of the empty directory that is there already. */
  before: Stats | undefined;
  /** Of processes that were killed while they made this very directory, or are making it now: nobody can tell which. */
  leftovers: string[];
}

/**
 * Looks whether a data directory of `neededBytes` may be made there; writes nothing.
 *
 * @throws ZkferryError Refused for what is there already, or a parent that is missing or not writable; NoDiskSpace
 */
export async function choosePlace(path: string, neededBytes: number): Promise<Place> {
  const { directory, before } = await resolved(resolve(path));
  if (basename(directory) === 'version-2')
    throw refused(
      `${directory} is where a server keeps files inside its data directory: name the directory above it`,
    );
  if (before !== undefined) await refuseUsed(directory, before);
  await refuseRepository(directory);
  const parent = dirname(directory);
  const above = await stat(parent).catch((error: NodeJS.ErrnoException) => {
    throw refused(`${parent}, where ${directory} would be made, is not there (${error.code})`);
  });
  if (!above.isDirectory()) throw refused(`${parent} is no directory`);
  if (before !== undefined && before.dev !== above.dev)
    throw refused(`${directory} is a mount point of its own: name a directory in it`);
  await access(parent, constants.W_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw refused(
      `${parent} is not writable (${error.code}): a data directory is made beside its place and then renamed`,
    );
  });
  const leftovers = await leftoversOf(directory);
  const { bavail, bsize, blocks } = await statfs(parent);
  const needed = neededBytes + SPARE_BYTES;
  // Some file systems don't count.
  if (blocks > 0 && needed > bavail * bsize)
    throw new ZkferryError(
      'NoDiskSpace',
      `${directory} will take up to ${megabytes(needed)}, and ${megabytes(bavail * bsize)} are free on its disk: ${[...leftovers.map(leftoverText), 'make room, or restore elsewhere'].join('; ')}`,
    );
  const partial = `${directory}.partial-${randomBytes(6).toString('hex')}`;
  return { directory, partial, before, leftovers };
}

/** A line for whoever can remove it. */
export const leftoverText = (path: string): string =>
  `${path} is what an attempt that was killed has left, or one under way writes: remove it where none is`;

async function leftoversOf(directory: string): Promise<string[]> {
  // A parent that may be written to and not listed.
  const names = await readdir(dirname(directory)).catch(() => []);
  const start = `${basename(directory)}.partial-`;
  return names
    .filter((name) => name.startsWith(start) && PARTIAL_ID.test(name.slice(start.length)))
    .sort()
    .map((name) => join(dirname(directory), name));
}

/** Makes `<partial>/version-2` and returns it. */
export async function openPlace({ partial }: Place): Promise<string> {
  const inner = join(partial, 'version-2');
  // Not recursively: where a file system answers ENOENT for an existing parent, Node would try for ever.
  for (const path of [partial, inner])
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      throw refused(`${path} cannot be made (${error.code})`);
    });
  return inner;
}

/** To be called once every file in it is durable. Mode and owner of an empty directory that was there are kept. */
export async function settlePlace({ directory, partial, before }: Place): Promise<void> {
  if (before !== undefined) await adopt(partial, before);
  await syncDirectory(join(partial, 'version-2'));
  await syncDirectory(partial);
  await rename(partial, directory).catch((error: NodeJS.ErrnoException) => {
    throw refused(
      `${directory} was empty and can no longer be replaced (${error.code}): somebody else uses it`,
    );
  });
  await syncDirectory(dirname(directory));
}

export const abandonPlace = ({ partial }: Place): Promise<void> =>
  rm(partial, { recursive: true, force: true });

async function resolved(path: string): Promise<{ directory: string; before: Stats | undefined }> {
  const own = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw refused(`${path} cannot be looked at (${error.code})`);
  });
  if (own === undefined) return { directory: path, before: undefined };
  const directory = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    throw refused(`${path} is a link that leads nowhere (${error.code})`);
  });
  return { directory, before: await stat(directory) };
}

/** What lies in a repository is taken for part of it. */
async function refuseRepository(directory: string): Promise<void> {
  for (let above = dirname(directory); ; above = dirname(above)) {
    const isRepository = await access(join(above, REPOSITORY_KEY)).then(
      () => true,
      () => false,
    );
    if (isRepository)
      throw refused(`${directory} would lie in the backup repository ${above}: restore elsewhere`);
    if (above === dirname(above)) return;
  }
}

async function refuseUsed(directory: string, before: Stats): Promise<void> {
  if (!before.isDirectory()) throw refused(`${directory} is there and is no directory`);
  const names = await readdir(directory);
  if (names.length === 0) return;
  const pid = await runningServer(directory);
  if (pid !== undefined)
    throw refused(
      `${directory} is the data directory of a server that runs, process ${pid}: restore to another directory`,
    );
  const ours = names.filter((name) => ZOOKEEPER_FILE.test(name));
  if (ours.length > 0)
    throw refused(
      `${directory} holds files of a ZooKeeper server (${ours.slice(0, 5).join(', ')}): set it aside, or restore to another directory`,
    );
  throw refused(
    `${directory} is not empty (${names.slice(0, 5).join(', ')}): name one that is, or that is not there yet`,
  );
}

/** As the pid file of zkServer.sh says. */
async function runningServer(directory: string): Promise<number | undefined> {
  const text = await readFile(join(directory, 'zookeeper_server.pid'), 'utf8').catch(() => '');
  const pid = /^\s*([1-9]\d{0,9})\s*$/.exec(text)?.[1];
  if (pid === undefined) return undefined;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  return Number(pid);
}

async function adopt(partial: string, { mode, uid, gid }: Stats): Promise<void> {
  await chmod(partial, mode & 0o7777);
  const own = await stat(partial);
  if (own.uid === uid && own.gid === gid) return;
  const inner = join(partial, 'version-2');
  const files = (await readdir(inner)).map((name) => join(inner, name));
  for (const path of [...files, inner, partial])
    await chown(path, uid, gid).catch((error: NodeJS.ErrnoException) => {
      throw refused(
        `the directory there belongs to user ${uid}, to whom files cannot be given (${error.code}): run as root or as that user`,
      );
    });
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const refused = (message: string): ZkferryError => new ZkferryError('Refused', message);
const megabytes = (bytes: number): string => `${Math.ceil(bytes / (1 << 20))} MiB`;
