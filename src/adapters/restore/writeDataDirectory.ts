/** A data directory that a ZooKeeper server can start on, made of a base and its log. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ZkferryError } from '../../model/errors';
import { writeClean, type CleanOptions } from './cleanFiles';
import { writeExact, type ExactOptions } from './exactFiles';
import type { RestoreInput } from './input';
import { abandonPlace, choosePlace, leftoverText, openPlace, settlePlace } from './place';

export type WriteOptions = ExactOptions | CleanOptions;

export interface WrittenFiles {
  /** `0x…`: a server that starts on it says this zxid. */
  zxid: string;
  files: { path: string; bytes: number }[];
  /** Absent where the tree was not held in memory (`exact`). */
  nodes?: number;
  /** That resume. */
  sessions: number;
  sessionsDropped: number;
  ephemeralsDropped: number;
  /** Of the tree at `zxid`; signed 64 bits, in decimal. Absent where the log says none (`exact` of 3.4 and 3.5). */
  digest?: { zxid: string; value: string };
  /** What whoever starts servers on it must know; a line each. */
  warnings: string[];
}

export interface RestoredDirectory extends Omit<WrittenFiles, 'files'> {
  /** Absolute. */
  directory: string;
  bytes: number;
  /** Paths below `directory`. */
  files: string[];
}

/**
 * Makes `directory` with `version-2` in it. It must not exist, or be empty; its parent must exist and be writable. All
 * of that, and free disk, is looked at before anything is written. It appears whole and durable, or not at all.
 *
 * `exact` holds a transaction in memory, `clean` the whole tree.
 *
 * @throws ZkferryError Refused, NoDiskSpace (nothing is left behind), BackupInvalid, NotRestorable, Unsupported where
 *   `targetVersion` cannot read it
 */
export async function writeDataDirectory(
  input: RestoreInput,
  directory: string,
  options: WriteOptions,
): Promise<RestoredDirectory> {
  const place = await choosePlace(directory, await neededBytes(input, options));
  try {
    const inner = await openPlace(place);
    const { files, ...written } =
      options.way === 'exact'
        ? await writeExact(input, inner, options)
        : await writeClean(input, inner, options);
    await settlePlace(place);
    return {
      ...written,
      warnings: [...written.warnings, ...place.leftovers.map(leftoverText)],
      directory: place.directory,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      files: files.map(({ path }) => join('version-2', basename(path))),
    };
  } catch (error) {
    await abandonPlace(place);
    throw outOfSpace(error, place.directory);
  }
}

/** A tree grows by no more than its log; a clean snapshot is there twice. */
async function neededBytes(
  { snapshotFile, logBytes = 0 }: RestoreInput,
  { way }: WriteOptions,
): Promise<number> {
  const { size } = await stat(snapshotFile).catch((error: NodeJS.ErrnoException) => {
    throw new ZkferryError('BackupInvalid', `${snapshotFile} cannot be read (${error.code})`);
  });
  return (size + logBytes) * (way === 'clean' ? 2 : 1);
}

function outOfSpace(error: unknown, directory: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new ZkferryError(
    'NoDiskSpace',
    `the disk of ${directory} ran full (${code}); what was written is removed again: make room, or restore elsewhere`,
    { cause: error },
  );
}
