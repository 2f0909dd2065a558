/** What happened to a path, out of a repository's log: who changed it, and when. */
import { decodeTxn } from '../../codec/txn';
import type { EnsembleContents, Extraction } from '../../planning/backup/contents';
import { historyOf, type HistoryEntry } from '../../planning/backup/historyOf';
import { objectsUpTo } from '../../planning/backup/wholeLog';
import { explainGap, gapsOf } from '../../planning/backup/gaps';
import { compareZxids } from '../../model/zxid';
import { readMoving } from './readMoving';
import type { Repository } from './repository';

export interface PathHistoryOptions {
  /** Children that came and went, too. */
  children?: boolean;
  /** Every change of every znode below, too. */
  below?: boolean;
  /** Most changes given: the newest; all are counted. */
  limit: number;
  signal?: AbortSignal;
}

export interface PathHistory {
  /** `0x…`: the log that was read begins after this transaction, and ends with `to`. */
  from: string;
  to: string;
  total: number;
  /** In the order they happened. */
  changes: HistoryEntry[];
  /** What nobody knows of, between `from` and `to`: a sentence each. */
  gaps: string[];
}

/**
 * From the first transaction of the timeline that is kept up to a moment. Holes are passed over: what happened in them
 * nobody knows. BackupInvalid names what is damaged.
 */
export async function pathHistory(
  repository: Repository,
  contents: EnsembleContents,
  upTo: Pick<Extraction, 'timeline' | 'zxid' | 'base'>,
  path: string,
  { children = false, below = false, limit, signal }: PathHistoryOptions,
): Promise<PathHistory> {
  const { objects, after } = objectsUpTo(contents, upTo);
  const changes: HistoryEntry[] = [];
  let total = 0;
  for await (const { bytes } of readMoving(repository, objects, {
    ...{ after: BigInt(after), upTo: BigInt(upTo.zxid) },
    acrossHoles: true,
    signal,
  }))
    for (const entry of historyOf(decodeTxn(bytes), path, { children, below })) {
      total += 1;
      changes.push(entry);
      if (changes.length > limit) changes.shift();
    }
  const timeline = contents.timelines.find(({ number }) => number === upTo.timeline);
  const gaps = (timeline === undefined ? [] : gapsOf(timeline)).filter(
    (gap) => compareZxids(gap.upTo, after) > 0 && compareZxids(gap.after, upTo.zxid) < 0,
  );
  return { from: after, to: upTo.zxid, total, changes, gaps: gaps.map(explainGap) };
}
