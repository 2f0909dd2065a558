/**
 * Proves that one moment can be restored: all that the repository holds of the ensemble is read, and the tree of that
 * moment is made of it, each transaction's digest compared. While a capture goes on, its fresh log objects give way to
 * sealed ones; what is only gone for that reason is looked for again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isZkferryError } from '../../model/errors';
import type { EnsembleContents } from '../../planning/backup/contents';
import type { Repository } from '../repository/repository';
import { checkEnsemble, type CheckOptions } from './checkEnsemble';
import { chooseFrom, openExtraction } from './fromRepository';
import { treeAt } from './treeAt';

const ATTEMPTS = 5;
const AGAIN_AFTER_MS = 1_000;

export interface ReadBackOptions extends CheckOptions {
  timeline: number;
  zxid: string;
  /** For the base on its way. */
  directory: string;
}

export interface ReadBack {
  nodes: number;
  digestsMatched: number;
  objects: number;
  /** As stored. */
  bytes: number;
  /** Objects that are damaged and that this moment does not need; a line each. */
  elsewhere: string[];
}

/** BackupInvalid, NotRestorable: why that moment cannot be restored. */
export async function readBack(
  repository: Repository,
  ensemble: string,
  options: ReadBackOptions,
): Promise<ReadBack> {
  const restored = await restoredTree(repository, ensemble, options);
  const check = await checkEnsemble(repository, ensemble, options);
  const gone = goneSince(await repository.contents(ensemble, options.signal));
  const damaged = check.findings.filter(
    ({ key, severity }) => severity === 'error' && key !== undefined && !gone(key),
  );
  return {
    ...restored,
    ...{ objects: check.objects, bytes: check.bytes },
    elsewhere: damaged.map(({ message }) => message),
  };
}

async function restoredTree(
  repository: Repository,
  ensemble: string,
  { timeline, zxid, directory, signal }: ReadBackOptions,
): Promise<Pick<ReadBack, 'nodes' | 'digestsMatched'>> {
  let before: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const contents = await repository.contents(ensemble, signal);
    const target = { kind: 'zxid' as const, zxid };
    const extraction = await chooseFrom(repository, contents, target, { timeline }, signal);
    try {
      const input = await openExtraction(repository, contents, extraction, directory, signal);
      try {
        const { tree, digestsMatched } = await treeAt(input, { signal });
        return { nodes: tree.size, digestsMatched };
      } finally {
        await input.close();
      }
    } catch (error) {
      const objects = JSON.stringify(extraction);
      const isSame = objects === before;
      before = objects;
      if (isSame || attempt === ATTEMPTS || !isZkferryError(error) || error.retryable) throw error;
      await sleep(AGAIN_AFTER_MS, undefined, { signal });
    }
  }
}

/** Which keys below tail/ are there no more. */
function goneSince({ timelines }: EnsembleContents): (key: string) => boolean {
  const there = new Set(timelines.flatMap(({ pieces }) => pieces.map(({ key }) => key)));
  return (key) => key.includes('/tail/') && !there.has(key);
}
