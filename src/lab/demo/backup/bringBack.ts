/** A subtree as it was before a transaction, written into the living ensemble and compared with what was. */
import { join } from 'node:path';
import { copyTree } from '../../../adapters/copy/copyTree';
import { diffTrees } from '../../../adapters/diff/diffTrees';
import type { Repository } from '../../../adapters/repository/repository';
import { restoreSource } from '../../../adapters/restore';
import { chooseFrom, openExtraction } from '../../../adapters/restore/fromRepository';
import { TapSource } from '../../../adapters/source/tapSource';
import { DEFAULT_ZNODE_ROOT } from '../../../model/contract';
import { Selection } from '../../../tree/copy/selection';
import type { TreeSource } from '../../../tree/source';
import type { Lab } from '../../lab';
import type { BroughtBack, Mistake } from '../types';
import { zxidText } from '../../../model/zxid';

export async function bringBack(
  repository: Repository,
  lab: Lab,
  { path, firstZxid }: Pick<Mistake, 'path' | 'firstZxid'>,
  signal: AbortSignal,
): Promise<BroughtBack> {
  const asOf = zxidText(BigInt(firstZxid) - 1n);
  const spool = join(lab.directory, 'restore');
  const contents = await repository.contents(lab.name);
  const moment = await chooseFrom(repository, contents, { kind: 'zxid', zxid: asOf }, {}, signal);
  const shown = `${lab.name}${path} as of ${asOf}`;
  const then = async (): Promise<TreeSource> => {
    const opened = await openExtraction(repository, contents, moment, spool, signal);
    try {
      return await restoreSource(opened, shown, { spool, signal });
    } finally {
      await opened.close();
    }
  };
  const servers = lab.members.map(({ host, clientPort }) => ({ host, clientPort }));
  const now = (): Promise<TreeSource> =>
    TapSource.open(lab.connectString, { servers, directory: spool, signal });
  const selection = new Selection({
    ...{ sourceRoot: path, targetRoot: path, ownRoot: DEFAULT_ZNODE_ROOT },
  });
  const result = await copyTree(
    {
      ...{ source: shown, openSource: then, openTarget: now, selection },
      target: { servers, shown: lab.connectString, auth: [] },
    },
    {
      // Deleted as a whole: whatever is there again was put there by somebody who must be asked.
      ...{ execute: true, conflict: 'fail', mayBeAhead: true },
      ...{ journals: join(spool, 'copies'), spool, signal },
    },
  );
  const comparing = performance.now();
  const differences = await differencesBetween(await then(), await now(), selection, spool, signal);
  return {
    ...{ asOf, nodes: result.created, differences },
    restoreMs: Math.round(result.durationMs),
    diffMs: Math.round(performance.now() - comparing),
  };
}

/** Of data, ACL, type and next sequence number. Closes both. */
async function differencesBetween(
  then: TreeSource,
  now: TreeSource,
  selection: Selection,
  directory: string,
  signal: AbortSignal,
): Promise<number> {
  try {
    const found = await diffTrees(then, now, selection, { directory, signal });
    try {
      let count = 0;
      while (!(await found.differences.next()).done) count += 1;
      return count;
    } finally {
      await found.close();
    }
  } finally {
    await then.close();
    await now.close();
  }
}
