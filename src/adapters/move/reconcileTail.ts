/**
 * Makes a repository hold every write that a stopped ensemble has acknowledged (docs/backup-format.md says what lies there):
 *
 *   1. observe   that no member runs
 *   2. claim     as a writer, so that whoever captured before stops, and what it left unsealed is adopted
 *   3. read      the ends of all members' logs, from the last captured transaction on
 *   4. elect     whose history holds every acknowledged write: src/planning/move/election.ts
 *   5. prove     that what was captured lies on it, and whose log leads on: src/planning/move/tail.ts
 *   6. append    what is missing, sealed; nothing where nothing is, so that it may be done again
 */
import { ZkferryError } from '../../model/errors';
import type { ResolvedServer } from '../../model/inventory';
import type { ReconciledTail } from '../../model/physicalMove';
import type { HostPort, OperationContext } from '../../model/ports';
import { zxidText, zxidValue } from '../../model/zxid';
import { capture } from '../capture/capture';
import { newestTimeline } from '../capture/logEnd';
import type { CaptureOptions } from '../capture/options';
import { readLogObject } from '../repository/readLog';
import type { Repository } from '../repository/repository';
import type { LogPlaces } from './logPlaces';
import { observeStopped } from './stoppedMembers';
import { openTailTap, type SettledTail } from './tailTap';

export interface ReconcileOptions extends Pick<
  CaptureOptions,
  'repository' | 'ensemble' | 'owner' | 'members' | 'directory'
> {
  host: HostPort;
  /** All members of the source, stopped. */
  servers: readonly ResolvedServer[];
  /** Where their logs need not be read from their beginnings. */
  places?: LogPlaces;
  context: OperationContext;
}

/** @throws ZkferryError TailNotProven, GuardRefused, NotRestorable, ForeignEnsemble */
export async function reconcileTail({
  host,
  servers,
  places,
  context,
  ...place
}: ReconcileOptions): Promise<ReconciledTail> {
  const { repository, ensemble } = place;
  const { signal } = context;
  const stopped = await observeStopped(host, servers, context);
  let settled: SettledTail | undefined;
  const progress = await capture({
    ...place,
    openTap: ({ from }) =>
      openTailTap({
        ...{ host, members: stopped, from, context, ...(places && { places }) },
        capturedTxn: (zxid) => capturedTxn(repository, ensemble, zxid, signal),
        onSettled: (found) => {
          settled = found;
        },
      }),
    ...{ signal, stop: signal },
    onProgress: ({ durableUpTo, txns }) =>
      context.heartbeat({ what: 'reconciling the tail', durableUpTo, appended: txns }),
  });
  if (settled === undefined || progress.durableUpTo !== zxidText(settled.tail.upTo))
    throw new ZkferryError(
      'BackupInvalid',
      `the repository reaches ${progress.durableUpTo ?? 'nothing'} after the tail was written: write it again`,
      { retryable: true },
    );
  return shown(settled, progress.txns);
}

function shown({ elected, tail, unread }: SettledTail, appended: number): ReconciledTail {
  const zxid = zxidText(tail.upTo);
  const lacked =
    appended === 0
      ? 'the capture has all of it'
      : `${appended} transaction(s) after ${zxidText(tail.after)} were missing, and come from the log of ${tail.from}`;
  return {
    ...{ zxid, appended, unread, from: elected.server, epoch: Number(elected.epoch) },
    detail: `every acknowledged write is in the history of ${elected.server} (epoch ${elected.epoch}), which ends at ${zxid}; ${lacked}`,
  };
}

/** Undefined where it cannot be read here, or is in a base alone. */
async function capturedTxn(
  repository: Repository,
  ensemble: string,
  zxid: bigint,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (!repository.readable) return undefined;
  const { segments } = newestTimeline(await repository.contents(ensemble, signal));
  const object = segments.find(({ last }) => zxidValue(last) === zxid);
  if (object === undefined) return undefined;
  return (await readLogObject(repository, object, signal)).at(-1)?.bytes;
}
