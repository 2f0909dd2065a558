/** From a pinned moment to its objects in the repository, and to its data on this worker's disk. */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  chooseFrom,
  openExtraction,
  type OpenedExtraction,
} from '../../src/adapters/restore/fromRepository';
import { writeDataDirectory } from '../../src/adapters/restore';
import { sha256Of } from '../../src/adapters/sha256';
import type { Repository } from '../../src/adapters/repository/repository';
import { canonicalJson } from '../../src/model/canonicalJson';
import type { RestorePoint } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
import type { EnsembleContents, Extraction } from '../../src/planning/backup/contents';
import type { RunIdentity } from '../api';
import { backupOf, type Dependencies } from '../dependencies';
import { aheadOf } from './aheadPlace';

export interface OpenedPoint {
  repository: Repository;
  contents: EnsembleContents;
  extraction: Extraction;
}

/** Of the very transaction that was pinned; NotRestorable where a retention has taken it away meanwhile. */
export async function openPoint(
  dependencies: Dependencies,
  { repository: name, from, timeline, zxid }: RestorePoint,
  { signal }: OperationContext,
): Promise<OpenedPoint> {
  const repository = await backupOf(dependencies).openRepository(name);
  const contents = await repository.contents(from, signal);
  const target = { kind: 'zxid' as const, zxid };
  const extraction = await chooseFrom(repository, contents, target, { timeline }, signal);
  return { repository, contents, extraction };
}

/** What a step's detail says of bases that were damaged; begins with `; `. */
export const passedOverText = ({ passedOver }: Pick<OpenedExtraction, 'passedOver'>): string =>
  passedOver.map((line) => `; DAMAGED: ${line}`).join('');

/** Its base is on disk while `work` runs. */
export async function withPointOpen<T>(
  dependencies: Dependencies,
  point: RestorePoint,
  context: OperationContext,
  work: (input: OpenedExtraction) => Promise<T>,
): Promise<T> {
  const { repository, contents, extraction } = await openPoint(dependencies, point, context);
  const directory = backupOf(dependencies).spoolDirectory;
  const input = await openExtraction(repository, contents, extraction, directory, context.signal);
  try {
    return await work(input);
  } finally {
    await input.close();
  }
}

const POINT_DIGITS = 16;

const directoryOf = (dependencies: Dependencies, { runId }: RunIdentity): string =>
  join(backupOf(dependencies).spoolDirectory, `restore-${runId}`);

/**
 * The files to put on every member, flat. Made where this worker has them not: another one may have made its own
 * before. The same moment gives the same files.
 */
export async function dataOf(
  dependencies: Dependencies,
  run: RunIdentity,
  point: RestorePoint,
  context: OperationContext,
): Promise<{ directory: string; detail: string }> {
  const ofRun = directoryOf(dependencies, run);
  // A way back has another moment than the way there.
  const place = join(ofRun, sha256Of(canonicalJson(point)).slice(0, POINT_DIGITS));
  const directory = join(place, 'version-2');
  if (await isDirectory(directory)) return { directory, detail: 'made before' };
  context.heartbeat({ what: 'making the data', zxid: point.zxid });
  const { targetVersion, above, sessions, way } = point;
  const partial = `${place}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(ofRun, { recursive: true, mode: 0o700 });
  const made = await withPointOpen(dependencies, point, context, async (input) => ({
    ...(await writeDataDirectory(input, partial, {
      ...(way === 'exact'
        ? { way }
        : {
            way,
            keepSessions: sessions === 'keep',
            ...(above !== undefined && { above: BigInt(above) }),
          }),
      ...(targetVersion !== undefined && { targetVersion }),
      signal: context.signal,
    })),
    damaged: passedOverText(input),
  }));
  await rename(partial, place);
  return {
    directory,
    detail: `${made.bytes} bytes in ${made.files.length} file(s), from ${made.zxid} on; ${made.sessionsDropped} sessions and ${made.ephemeralsDropped} ephemerals left out${made.warnings.map((line) => `; ${line}`).join('')}${made.damaged}`,
  };
}

export async function forgetData(dependencies: Dependencies, run: RunIdentity): Promise<void> {
  await rm(directoryOf(dependencies, run), { recursive: true, force: true });
  await aheadOf(dependencies, run).forget();
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
