/** What a run keeps on its worker's disk of what it did ahead of a cut-over. To lack it costs time, and nothing else. */
import { readFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogPlaces } from '../../src/adapters/move/logPlaces';
import type { RunIdentity } from '../api';
import { backupOf, type Dependencies } from '../dependencies';

export function aheadOf(dependencies: Dependencies, { runId }: RunIdentity) {
  const spool = backupOf(dependencies).spoolDirectory;
  const placesFile = join(spool, `log-places-${runId}.json`);
  const baseDirectory = join(spool, `ahead-${runId}`);
  return {
    baseDirectory,
    async keepLogPlaces(places: LogPlaces): Promise<void> {
      await mkdir(spool, { recursive: true, mode: 0o700 });
      await writeFile(placesFile, JSON.stringify(places), { mode: 0o600 });
    },
    /** Of none where they are not on this worker, or torn. */
    async logPlaces(): Promise<LogPlaces> {
      try {
        return JSON.parse(await readFile(placesFile, 'utf8')) as LogPlaces;
      } catch {
        return {};
      }
    },
    async forget(): Promise<void> {
      await rm(placesFile, { force: true });
      await rm(baseDirectory, { recursive: true, force: true });
    },
  };
}
